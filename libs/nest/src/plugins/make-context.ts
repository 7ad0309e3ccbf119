import { type AuditTrail, whyNoEvent } from '@panal/audit';
import type { PluginContext, PluginMetrics, PluginServer } from '@panal/plugin-api';
import type { Clock, LogFields, Logger, Random, Timers } from '@panal/runtime';
import { PluginFailedError } from './plugin-errors.js';
import type { PluginWatch } from './plugin-watch.js';

/** What the world gives to a server. */
export interface ServerPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

export interface MakeContextOptions {
  readonly server: PluginServer;
  readonly serverName: string;
  readonly ports: ServerPorts;
  readonly watch: PluginWatch;
  readonly metrics: PluginMetrics;
  readonly trail: () => AuditTrail;
}

/** What one plugin gets of its server. */
export function makeContext({ server, serverName, ports, watch, metrics, trail }: MakeContextOptions): PluginContext {
  const { plugin } = watch;
  const { clock, random } = ports;
  return Object.freeze({
    plugin,
    server,
    serverName,
    logger: loggerOf(plugin, ports.logger),
    clock,
    timers: containedTimers(ports.timers, watch),
    random,
    metrics,
    audit: {
      record: ({ action, outcome, fields = {} }: Parameters<PluginContext['audit']['record']>[0]) => {
        const fault = whyNoEvent({ action, outcome, fields });
        if (fault !== undefined)
          throw new PluginFailedError(plugin, 'audit', { fault: `an audit event cannot be kept: ${fault}` });
        return trail().record({ plugin, action, outcome, fields: { ...fields } });
      },
    },
  });
}

function loggerOf(plugin: string, logger: Logger): Logger {
  const withName = (fields: LogFields = {}): LogFields => ({ ...fields, plugin });
  return {
    debug: (message, fields) => logger.debug(message, withName(fields)),
    info: (message, fields) => logger.info(message, withName(fields)),
    warn: (message, fields) => logger.warn(message, withName(fields)),
    error: (message, fields) => logger.error(message, withName(fields)),
  };
}

/** What a callback throws, or rejects with, would otherwise end the process. */
function containedTimers(timers: Timers, watch: PluginWatch): Timers {
  const fail = (error: unknown): void => watch.fault('timer', 'error', { error });
  const contain = (callback: () => unknown) => (): void => {
    try {
      Promise.resolve(callback()).catch(fail);
    } catch (error) {
      fail(error);
    }
  };
  return {
    after: (delayMs, callback) => timers.after(delayMs, contain(callback)),
    every: (intervalMs, callback) => timers.every(intervalMs, contain(callback)),
  };
}
