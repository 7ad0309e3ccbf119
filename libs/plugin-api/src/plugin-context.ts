import type { AuditFields, AuditOutcome } from '@panal/audit';
import type { Clock, Logger, Random, Timers } from '@panal/runtime';

/** The servers that take plugins. */
export type PluginServer = 'tracker' | 'peer';

/** What a server gives to each of its plugins. In a Nest class: `@Inject(PLUGIN_CONTEXT) context: PluginContext`. */
export interface PluginContext {
  /** The plugin's own name. */
  readonly plugin: string;
  readonly server: PluginServer;
  /** What people call this tracker or peer. */
  readonly serverName: string;
  /** Every line carries the plugin's name. */
  readonly logger: Logger;
  readonly clock: Clock;
  /** An error thrown in a callback is noted as the plugin's, and goes no further. */
  readonly timers: Timers;
  readonly random: Random;
  readonly metrics: PluginMetrics;
  readonly audit: PluginAudit;
}

/** What a port is made with. */
export interface PortContext<Port> extends PluginContext {
  /** What the server would use without the plugin, and uses when the plugin fails. */
  readonly fallback: Port;
}

/**
 * Metrics of one plugin. `requests_total` of the plugin `my-policy` becomes `panal_plugin_my_policy_requests_total`.
 * A name of 1 to 64 lower-case letters, digits and `_` is taken once; the second time it is refused.
 */
export interface PluginMetrics {
  /** A count that only grows. */
  counter(options: PluginMetricOptions): PluginCounter;
  /** A number that goes up and down. With `read` it is asked for when somebody looks; what it throws is the plugin's fault. */
  gauge(options: PluginMetricOptions & { readonly read?: () => number }): PluginGauge;
}

export interface PluginMetricOptions {
  readonly name: string;
  /** What is counted, as a sentence. */
  readonly help: string;
  /** Few values each: every combination is kept for ever. Default: none. */
  readonly labelNames?: readonly string[];
}

export interface PluginCounter {
  /** @param by 0 or more; default 1. */
  add(by?: number, labels?: Readonly<Record<string, string>>): void;
}

export interface PluginGauge {
  set(value: number, labels?: Readonly<Record<string, string>>): void;
}

/** Something that somebody may be asked about later. */
export interface PluginAuditNote {
  /** 1 to 64 lower-case letters, digits, `.`, `_` and `-`, for example `policy.changed`. */
  readonly action: string;
  readonly outcome: AuditOutcome;
  /** At most 16; texts of at most 512 characters. Never a secret. */
  readonly fields?: AuditFields;
}

export interface PluginAudit {
  /**
   * @returns False when the event could not be remembered, because too many wait for the sink.
   * @throws PluginFailedError when the note is not as it has to be.
   */
  record(note: PluginAuditNote): boolean;
}

/** Token of the `PluginContext` in the plugin's module. */
export const PLUGIN_CONTEXT = Symbol.for('panal.plugin-context');
