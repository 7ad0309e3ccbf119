import {
  PLUGIN_API_VERSION,
  type PluginContributions,
  type PluginManifest,
  type PluginServer,
  type SinglePorts,
} from '@panal/plugin-api';
import { CHUNK_SCHEDULERS, type ChunkSchedulerFactory } from '@panal/transfer';
import { PluginInvalidError } from './plugin-errors.js';

export const SINGLE_PORTS: readonly (keyof SinglePorts)[] = ['handoutPolicy', 'sourceSelector', 'auditSink'];
export const PLUGIN_SERVERS: readonly PluginServer[] = ['tracker', 'peer'];

/** Fits a part of a message pattern, of a path, and with `_` for `-` of a metric's name. */
const NAME = /^[a-z][a-z0-9-]{0,31}$/;
const FIELDS = ['name', 'apiVersion', 'requires', 'contributes', 'module'];
const REQUIREMENTS_MAX = 16;
const SCHEDULERS_MAX = 16;

/**
 * The manifest a package exports, if it is one.
 * @param packageName Whom to name when it has no name of its own.
 * @throws PluginInvalidError
 */
export function checkManifest(value: unknown, packageName: string): PluginManifest {
  const refuse = (fault: string, action?: string): never => {
    const { name } = fieldsOf(value);
    throw new PluginInvalidError(
      typeof name === 'string' ? name : packageName,
      fault,
      action === undefined ? {} : { action },
    );
  };
  if (typeof value !== 'object' || value === null) {
    return refuse(`the package ${packageName} has no manifest as its default export`);
  }
  const { name, apiVersion, requires = [], contributes, module = {} } = value as Readonly<Record<string, unknown>>;
  if (typeof name !== 'string' || !NAME.test(name)) {
    return refuse('its name is not 1 to 32 lower-case letters, digits and "-", beginning with a letter');
  }
  if (apiVersion !== PLUGIN_API_VERSION) {
    return refuse(
      `it was written for version ${String(apiVersion)} of the plugin API, and this host has version ${PLUGIN_API_VERSION}`,
      'Install a release of the plugin that was made for this release of Panal.',
    );
  }
  const unknown = Object.keys(value).find((field) => !FIELDS.includes(field));
  if (unknown !== undefined) return refuse(`its manifest has an unknown field "${unknown}"`);
  if (!Array.isArray(requires) || requires.length > REQUIREMENTS_MAX || !requires.every(isName)) {
    return refuse(`"requires" is no list of at most ${REQUIREMENTS_MAX} names of plugins`);
  }
  const fault = whyNoContributions(contributes) ?? whyNoModules(module);
  return fault === undefined ? (value as PluginManifest) : refuse(fault);
}

function whyNoContributions(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return '"contributes" is missing; {} is enough';
  const { chunkSchedulers = [], ...ports } = value as Readonly<Record<string, unknown>>;
  const known: readonly string[] = SINGLE_PORTS;
  for (const [port, factory] of Object.entries(ports)) {
    if (!known.includes(port)) return `it contributes to "${port}", and there is no such port`;
    if (typeof factory !== 'function') return `"contributes.${port}" is no function`;
  }
  if (!Array.isArray(chunkSchedulers) || chunkSchedulers.length > SCHEDULERS_MAX) {
    return `"contributes.chunkSchedulers" is no list of at most ${SCHEDULERS_MAX}`;
  }
  for (const scheduler of chunkSchedulers as unknown[]) {
    const { name, create } = fieldsOf(scheduler);
    if (!isName(name) || typeof create !== 'function') return 'one of its chunk schedulers has no name, or no create()';
    if (Object.hasOwn(CHUNK_SCHEDULERS, name))
      return `its chunk scheduler "${name}" has the name of one that ships with Panal`;
  }
  return undefined;
}

function whyNoModules(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return '"module" is no object with a Nest module for each server';
  const known: readonly string[] = PLUGIN_SERVERS;
  for (const [server, module] of Object.entries(value)) {
    if (!known.includes(server)) return `"module" names "${server}", and there is no such server`;
    if (typeof module !== 'function') return `"module.${server}" is no class`;
    if (typeof (module.prototype as { configure?: unknown } | undefined)?.configure === 'function') {
      return `"module.${server}" installs middleware, which would reach the server's own routes`;
    }
  }
  return undefined;
}

/** What a manifest brings, one line each, for people. */
export function describeContributions({ contributes, module = {} }: PluginManifest): readonly string[] {
  const ports = SINGLE_PORTS.filter((port) => contributes[port] !== undefined);
  const schedulers = schedulersOf(contributes).map(({ name }) => `chunk scheduler ${name}`);
  const modules = PLUGIN_SERVERS.filter((server) => module[server] !== undefined).map(
    (server) => `module of the ${server}`,
  );
  return [...ports.map((port) => `port ${port}`), ...schedulers, ...modules];
}

export function schedulersOf({ chunkSchedulers = [] }: PluginContributions): readonly ChunkSchedulerFactory[] {
  return chunkSchedulers;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && NAME.test(value);
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
