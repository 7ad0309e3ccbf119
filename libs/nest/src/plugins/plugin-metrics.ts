import type { PluginCounter, PluginGauge, PluginMetricOptions, PluginMetrics } from '@panal/plugin-api';
import { Counter, Gauge, type Registry } from 'prom-client';
import { PluginFailedError } from './plugin-errors.js';
import { PLUGIN_METRICS_MAX } from './plugin-limits.js';
import type { PluginWatch } from './plugin-watch.js';

const PLACE = 'metrics';
const NAME = /^[a-z][a-z0-9_]{0,63}$/;

/** Metrics of one plugin, in the registry that all plugins of a server share. */
export class RegistryMetrics implements PluginMetrics {
  readonly #prefix: string;
  #count = 0;

  constructor(
    private readonly registry: Registry,
    private readonly watch: PluginWatch,
  ) {
    this.#prefix = `panal_plugin_${watch.plugin.replaceAll('-', '_')}_`;
  }

  counter(options: PluginMetricOptions): PluginCounter {
    const counter = this.#make(options, (config) => new Counter(config));
    return {
      add: (by = 1, labels = {}) => this.#guard(() => counter.inc(labels, by)),
    };
  }

  gauge({ read, ...options }: PluginMetricOptions & { readonly read?: () => number }): PluginGauge {
    const { watch } = this;
    const gauge = this.#make(
      options,
      (config) =>
        new Gauge({
          ...config,
          ...(read === undefined
            ? {}
            : {
                collect() {
                  const place = `${PLACE}.${options.name}`;
                  const whyRubbish = (value: number) =>
                    Number.isFinite(value) ? undefined : `it gave ${String(value)}`;
                  const value = watch.ask<number>({ place, call: read, whyRubbish, fallback: () => Number.NaN });
                  // Not a number is what Prometheus knows for "nobody knows".
                  this.set(value);
                },
              }),
        }),
    );
    return {
      set: (value, labels = {}) => this.#guard(() => gauge.set(labels, value)),
    };
  }

  #make<Metric>(
    { name, help, labelNames = [] }: PluginMetricOptions,
    create: (config: { name: string; help: string; labelNames: string[]; registers: Registry[] }) => Metric,
  ): Metric {
    const full = `${this.#prefix}${name}`;
    const refuse = (fault: string, cause?: unknown) => {
      throw new PluginFailedError(this.watch.plugin, `${PLACE}.${name}`, { fault, cause });
    };
    if (!NAME.test(name)) refuse('the name of a metric is 1 to 64 lower-case letters, digits and "_"');
    if (this.registry.getSingleMetric(full) !== undefined) refuse(`there is a metric ${full} already`);
    if (this.#count >= PLUGIN_METRICS_MAX) refuse(`it has ${PLUGIN_METRICS_MAX} metrics, and more are not possible`);
    try {
      const metric = create({ name: full, help, labelNames: [...labelNames], registers: [this.registry] });
      this.#count += 1;
      return metric;
    } catch (cause) {
      return refuse('the metric cannot be made as it is described', cause) as never;
    }
  }

  /** A wrong label or number is a fault to be seen, not a reason to fail what the plugin was doing. */
  #guard(change: () => void): void {
    try {
      change();
    } catch (error) {
      this.watch.fault(PLACE, 'error', { error });
    }
  }
}

/** What the server itself tells of its plugins. */
export function addWatchMetrics(registry: Registry, watches: readonly PluginWatch[]): void {
  const registers = [registry];
  const places = () => watches.flatMap((watch) => watch.places().map((place) => ({ plugin: watch.plugin, ...place })));
  new Counter({
    name: 'panal_plugins_faults_total',
    help: 'Faults of plugins, by place and kind',
    labelNames: ['plugin', 'place', 'kind'],
    registers,
    collect() {
      this.reset();
      for (const { plugin, place, faults } of places())
        for (const [kind, count] of Object.entries(faults)) if (count > 0) this.inc({ plugin, place, kind }, count);
    },
  });
  new Counter({
    name: 'panal_plugins_calls_total',
    help: 'Calls of plugins, by place',
    labelNames: ['plugin', 'place'],
    registers,
    collect() {
      this.reset();
      for (const { plugin, place, callCount } of places()) this.inc({ plugin, place }, callCount);
    },
  });
  new Counter({
    name: 'panal_plugins_busy_seconds_total',
    help: 'Time in which plugins held the process, by place',
    labelNames: ['plugin', 'place'],
    registers,
    collect() {
      this.reset();
      for (const { plugin, place, busyMs } of places()) this.inc({ plugin, place }, busyMs / 1_000);
    },
  });
  new Gauge({
    name: 'panal_plugins_degraded',
    help: '1 for a plugin with a fault in the last five minutes, else 0',
    labelNames: ['plugin'],
    registers,
    collect() {
      for (const watch of watches) this.set({ plugin: watch.plugin }, watch.health().state === 'degraded' ? 1 : 0);
    },
  });
}
