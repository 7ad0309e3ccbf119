import type { CanActivate, DynamicModule, INestApplicationContext } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { type AuditSink, AuditTrail, LogAuditSink } from '@panal/audit';
import {
  PEER_VIEW,
  type PeerView,
  PLUGIN_CONTEXT,
  type PluginContext,
  type PluginServer,
  type SinglePorts,
  TRACKER_VIEW,
  type TrackerView,
} from '@panal/plugin-api';
import type { HandoutPolicy } from '@panal/tracking';
import {
  type ChunkSchedulerFactory,
  MeasuredSelector,
  SELECTOR_INTERVAL_MS_MAX,
  SELECTOR_INTERVAL_MS_MIN,
  type SourceSelector,
} from '@panal/transfer';
import { Registry } from 'prom-client';
import { MetricsRegistry } from '../metrics.module.js';
import { containModule } from './contain-module.js';
import { ContainedAuditSink } from './contained-audit-sink.js';
import { containedSchedulerFactory } from './contained-chunk-scheduler.js';
import { ContainedHandoutPolicy } from './contained-handout-policy.js';
import { ContainedSourceSelector } from './contained-source-selector.js';
import type { LoadedPlugin } from './load-plugins.js';
import { makeContext, type ServerPorts } from './make-context.js';
import { schedulersOf } from './manifest-check.js';
import { blame } from './plugin-blame.js';
import { PluginFailedError } from './plugin-errors.js';
import { addWatchMetrics, RegistryMetrics } from './plugin-metrics.js';
import { PluginSet } from './plugin-set.js';
import { type PluginHealth, PluginWatch } from './plugin-watch.js';

export interface PluginHostOptions {
  readonly server: PluginServer;
  /** What people call this tracker or peer. */
  readonly serverName: string;
  readonly plugins: readonly LoadedPlugin[];
  /** The folder they were installed in, as it really is. */
  readonly folder: string;
  readonly ports: ServerPorts;
}

/** One plugin in one server. */
interface PluginPart {
  readonly plugin: LoadedPlugin;
  readonly watch: PluginWatch;
  readonly context: PluginContext;
}

const DEFAULT_CHOICE = 2;

/** The plugins of one server: binds what they contribute, stands between them and the server, and knows how they fare. */
export class PluginHost {
  readonly #options: PluginHostOptions;
  readonly #parts: readonly PluginPart[];
  readonly #set: PluginSet;
  readonly #registry = new Registry();
  readonly #trail: AuditTrail;

  /** @throws PluginConflictError, PluginRequirementError, PluginFailedError: why the server must not start with them */
  constructor(options: PluginHostOptions) {
    const { server, serverName, plugins, ports } = options;
    this.#options = options;
    this.#set = new PluginSet(plugins.map(({ manifest }) => manifest));
    this.#parts = plugins.map((plugin) => {
      const watch = new PluginWatch(plugin.manifest.name, ports);
      const metrics = new RegistryMetrics(this.#registry, watch);
      const context = makeContext({ server, serverName, ports, watch, metrics, trail: () => this.#trail });
      return { plugin, watch, context };
    });
    addWatchMetrics(
      this.#registry,
      this.#parts.map(({ watch }) => watch),
    );
    this.#trail = new AuditTrail({ ...ports, sink: this.#auditSink(), server: serverName });
  }

  /** A plugin's policy, or `fallback` itself. @throws PluginFailedError when it cannot be made */
  handoutPolicy(fallback: HandoutPolicy): HandoutPolicy {
    const made = this.#make('handoutPolicy', fallback, (policy) => {
      if (typeof policy?.choose !== 'function') return 'it gave a policy without choose()';
      const { choice = DEFAULT_CHOICE } = policy;
      return Number.isFinite(choice) && choice >= 1 ? undefined : `its "choice" is ${choice}, not a number from 1 on`;
    });
    if (made === undefined) return fallback;
    const { part, port: policy } = made;
    return new ContainedHandoutPolicy(part.watch, { policy, fallback, choice: policy.choice ?? DEFAULT_CHOICE });
  }

  /** Makes the selector of a download; undefined when no plugin brings one. One that cannot be made is the default. */
  get makeSelector(): (() => SourceSelector) | undefined {
    const holder = this.#set.holderOf('sourceSelector');
    return holder === undefined ? undefined : () => this.#selector(new MeasuredSelector());
  }

  /** By name. */
  schedulers(): ReadonlyMap<string, ChunkSchedulerFactory> {
    return new Map(
      this.#parts.flatMap(({ plugin, watch }) =>
        schedulersOf(plugin.manifest.contributes).map((factory) => [
          factory.name,
          containedSchedulerFactory(factory, watch),
        ]),
      ),
    );
  }

  /** The modules of the plugins, for the imports of the server's own. */
  modules(views: { readonly tracker?: TrackerView; readonly peer?: PeerView }): readonly DynamicModule[] {
    return this.#parts.flatMap(({ plugin, context }) => {
      const module = plugin.manifest.module?.[this.#options.server];
      if (module === undefined) return [];
      const providers = [
        { provide: PLUGIN_CONTEXT, useValue: context },
        { provide: TRACKER_VIEW, useValue: views.tracker },
        { provide: PEER_VIEW, useValue: views.peer },
      ];
      return [{ module, providers: providers.filter(({ useValue }) => useValue !== undefined) }];
    });
  }

  /**
   * Between the making of the application and its start.
   * @param guard Stands before every route of a plugin.
   * @throws PluginInvalidError
   */
  enter(app: INestApplicationContext, guard?: CanActivate): void {
    const container = app.get(ModulesContainer, { strict: false });
    for (const { plugin, watch } of this.#parts) {
      const root = plugin.manifest.module?.[this.#options.server];
      if (root === undefined) continue;
      containModule({
        container,
        root,
        server: this.#options.server,
        watch,
        ...(guard === undefined ? {} : { guard }),
      });
    }
    app.get(MetricsRegistry, { strict: false }).include(this.#registry);
  }

  health(): readonly PluginHealth[] {
    return this.#parts.map(({ watch }) => watch.health());
  }

  /** Whether an error that nobody caught is a plugin's alone. It is noted, and the server goes on. */
  contains(error: unknown): boolean {
    const folders = new Map(this.#parts.map(({ plugin }) => [plugin.manifest.name, plugin.folder]));
    const culprit = blame(error, folders, this.#options.folder);
    const part = this.#parts.find(({ watch }) => watch.plugin === culprit);
    part?.watch.fault('background', 'error', { error });
    return part !== undefined;
  }

  /** Brings the last audit events to their sink. */
  async close(): Promise<void> {
    await this.#trail.close();
  }

  #selector(fallback: SourceSelector): SourceSelector {
    try {
      const made = this.#make('sourceSelector', fallback, (selector) => {
        const hasMethods = typeof selector?.score === 'function' && typeof selector.isLastResort === 'function';
        if (!hasMethods) return 'it gave a selector without its methods';
        const { intervalMs } = selector;
        const isSound = intervalMs >= SELECTOR_INTERVAL_MS_MIN && intervalMs <= SELECTOR_INTERVAL_MS_MAX;
        return isSound ? undefined : `its "intervalMs" is ${String(intervalMs)}`;
      });
      if (made === undefined) return fallback;
      return new ContainedSourceSelector(made.part.watch, { selector: made.port, fallback }, made.port.intervalMs);
    } catch (error) {
      // Named, counted and logged where it happened. A download does not fail because of it.
      if (!(error instanceof PluginFailedError)) throw error;
      return fallback;
    }
  }

  #auditSink(): AuditSink {
    const fallback = new LogAuditSink(this.#options.ports.logger);
    const made = this.#make('auditSink', fallback, (sink) =>
      typeof sink?.append === 'function' ? undefined : 'it gave a sink without append()',
    );
    return made === undefined ? fallback : new ContainedAuditSink(made.part.watch, made.port);
  }

  #make<Name extends keyof SinglePorts>(
    name: Name,
    fallback: SinglePorts[Name],
    whyUnfit: (port: SinglePorts[Name]) => string | undefined,
  ): { readonly part: PluginPart; readonly port: SinglePorts[Name] } | undefined {
    const holder = this.#set.holderOf(name);
    const part = this.#parts.find(({ plugin }) => plugin.manifest === holder);
    const factory = holder?.contributes[name] as ((context: object) => SinglePorts[Name]) | undefined;
    if (part === undefined || factory === undefined) return undefined;
    const { watch, context } = part;
    try {
      const port = factory({ ...context, fallback });
      const fault = whyUnfit(port);
      if (fault === undefined) return { part, port };
      watch.fault(name, 'rubbish', { text: fault });
      throw new PluginFailedError(watch.plugin, name, { fault });
    } catch (cause) {
      if (cause instanceof PluginFailedError) throw cause;
      watch.fault(name, 'error', { error: cause });
      throw new PluginFailedError(watch.plugin, name, { fault: 'making it threw an error', cause });
    }
  }
}
