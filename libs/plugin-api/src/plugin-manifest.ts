import type { Type } from '@nestjs/common';
import type { AuditSink } from '@panal/audit';
import type { HandoutPolicy } from '@panal/tracking';
import type { ChunkSchedulerFactory, SourceSelector } from '@panal/transfer';
import type { PluginServer, PortContext } from './plugin-context.js';

/** What a host offers to plugins, and expects of them. A plugin says which one it was written for; a host refuses others. */
export const PLUGIN_API_VERSION = 1;

/** Ports that one plugin alone can take. */
export interface SinglePorts {
  /** Trackers: which peers an asker gets, and in which order. On the path of every announce: keep it short. */
  readonly handoutPolicy: HandoutPolicy;
  /** Peers: in which order sources are dialled and given work. Made anew for each download. */
  readonly sourceSelector: SourceSelector;
  /** Trackers and peers: where audit events go. */
  readonly auditSink: AuditSink;
}

/** What a plugin adds. Everything is optional. */
export type PluginContributions = {
  /** Makes the port, once for a server (`sourceSelector`: once for a download). */
  readonly [Port in keyof SinglePorts]?: (context: PortContext<SinglePorts[Port]>) => SinglePorts[Port];
} & {
  /** Peers: orders of chunks that a download can be asked for by name (`panal get --scheduler NAME`). */
  readonly chunkSchedulers?: readonly ChunkSchedulerFactory[];
};

/** The default export of a plugin's package. */
export interface PluginManifest {
  /** 1 to 32 lower-case letters, digits and `-`, beginning with a letter. It is in messages, routes and metrics. */
  readonly name: string;
  /** PLUGIN_API_VERSION of the API the plugin was written for, as a number: the constant is the host's. */
  readonly apiVersion: number;
  /** Names of plugins that have to be loaded, too. Default: none. */
  readonly requires?: readonly string[];
  readonly contributes: PluginContributions;
  /**
   * A Nest module for each server that gets one. Its message handlers are called `plugin.NAME.COMMAND` (trackers), its
   * controllers `plugins/NAME` or below (peers). Default: none.
   */
  readonly module?: Readonly<Partial<Record<PluginServer, Type<unknown>>>>;
}

/** The manifest itself; only for its type. */
export function definePlugin(manifest: PluginManifest): PluginManifest {
  return manifest;
}
