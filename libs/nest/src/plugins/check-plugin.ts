import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { auditSinkCases, LogAuditSink } from '@panal/audit';
import type { PluginServer } from '@panal/plugin-api';
import { type ComplianceCase, silentLogger } from '@panal/runtime';
import { handoutPolicyCases, NearFirstHandoutPolicy } from '@panal/tracking';
import { chunkSchedulerCases, MeasuredSelector, sourceSelectorCases } from '@panal/transfer';
import { Registry } from 'prom-client';
import { MetricsModule } from '../metrics.module.js';
import type { LoadedPlugin } from './load-plugins.js';
import { makeContext, type ServerPorts } from './make-context.js';
import { PLUGIN_SERVERS, schedulersOf } from './manifest-check.js';
import { readPackageFile } from './package-folder.js';
import { PluginInvalidError } from './plugin-errors.js';
import { PluginHost } from './plugin-host.js';
import { PLUGIN_START_MS } from './plugin-limits.js';
import { RegistryMetrics } from './plugin-metrics.js';
import { PluginWatch } from './plugin-watch.js';
import { HOST_PACKAGES } from './second-copies.js';

export interface CheckedCase {
  /** What was checked, for example `handoutPolicy`. */
  readonly place: string;
  /** What is promised. */
  readonly name: string;
  /** Why it is not kept; undefined when it is. */
  readonly error: unknown;
}

/** Runs everything against a plugin that can be run without a server. Its modules are made, and not started. */
export async function checkPlugin(plugin: LoadedPlugin, ports: ServerPorts): Promise<readonly CheckedCase[]> {
  const checked: CheckedCase[] = [];
  for (const [place, { name, run }] of casesOf(plugin, ports)) {
    // A watch each: one that rests after many faults would hide the rest.
    const watch = new PluginWatch(plugin.manifest.name, { ...ports, logger: silentLogger });
    const answering = watch.answer(place, { call: run, timeoutMs: PLUGIN_START_MS, isMeant: () => true });
    checked.push({
      place,
      name,
      error: await answering.then(
        () => undefined,
        (error: unknown) => error,
      ),
    });
  }
  return checked;
}

function* casesOf(plugin: LoadedPlugin, ports: ServerPorts): Generator<readonly [place: string, ComplianceCase]> {
  const { contributes, module = {} } = plugin.manifest;
  yield ['package', { name: "leaves to the host what is the host's", run: () => checkDependencies(plugin) }];
  const on = (server: PluginServer) => contextOf(plugin, server, ports);
  const places: (readonly [string, readonly ComplianceCase[]])[] = [];
  const { handoutPolicy, sourceSelector, auditSink } = contributes;
  if (handoutPolicy !== undefined) {
    const fallback = new NearFirstHandoutPolicy();
    places.push(['handoutPolicy', handoutPolicyCases(() => handoutPolicy({ ...on('tracker'), fallback }))]);
  }
  if (sourceSelector !== undefined) {
    const fallback = new MeasuredSelector();
    places.push(['sourceSelector', sourceSelectorCases(() => sourceSelector({ ...on('peer'), fallback }))]);
  }
  if (auditSink !== undefined) {
    const fallback = new LogAuditSink(silentLogger);
    places.push(['auditSink', auditSinkCases(() => auditSink({ ...on('tracker'), fallback }))]);
  }
  for (const factory of schedulersOf(contributes))
    places.push([`chunkScheduler.${factory.name}`, chunkSchedulerCases(factory)]);
  for (const [place, cases] of places) for (const each of cases) yield [place, each];
  for (const server of PLUGIN_SERVERS) {
    if (module[server] === undefined) continue;
    const run = (): Promise<void> => makeModule(plugin, server, ports);
    yield [`module.${server}`, { name: 'can be made, and keeps to its own messages and routes', run }];
  }
}

function contextOf(plugin: LoadedPlugin, server: PluginServer, ports: ServerPorts) {
  const watch = new PluginWatch(plugin.manifest.name, ports);
  const metrics = new RegistryMetrics(new Registry(), watch);
  const trail = (): never => {
    throw new Error('nothing is audited while a plugin is checked');
  };
  return makeContext({ server, serverName: 'check', ports, watch, metrics, trail });
}

/** Where it is installed now the host's copy may be found all the same; elsewhere it will not be. */
function checkDependencies({ manifest, folder }: LoadedPlugin): void {
  const { dependencies, optionalDependencies } = readPackageFile(folder);
  const own = Object.keys({ ...dependencies, ...optionalDependencies }).find((name) => HOST_PACKAGES.includes(name));
  if (own === undefined) return;
  throw new PluginInvalidError(manifest.name, `its package.json has ${own} among its dependencies`, {
    action: `Move ${own} to "peerDependencies" (and "devDependencies").`,
  });
}

async function makeModule(plugin: LoadedPlugin, server: PluginServer, ports: ServerPorts): Promise<void> {
  const { name } = plugin.manifest;
  const host = new PluginHost({ server, serverName: 'check', plugins: [plugin], folder: plugin.folder, ports });
  const tracker = {
    id: '0'.repeat(32),
    counts: () => ({ torrentCount: 0, peerCount: 0, entryCount: 0, nameCount: 0 }),
  };
  const peer = { id: '0'.repeat(32), torrents: () => [] };
  class CheckModule {}
  Module({ imports: [MetricsModule, ...host.modules(server === 'tracker' ? { tracker } : { peer })] })(CheckModule);
  const options = { logger: false, abortOnError: false } as const;
  const app = await NestFactory.create<NestFastifyApplication>(CheckModule, new FastifyAdapter(), options).catch(
    (cause: unknown) => {
      throw new PluginInvalidError(name, 'Nest cannot make its module', { cause });
    },
  );
  try {
    host.enter(app);
  } finally {
    await app.close();
    await host.close();
  }
}
