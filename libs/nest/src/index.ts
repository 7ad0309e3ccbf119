export { accessKeyFrom, clusterKeyringFrom, clusterNameFor, type KeySource } from './access-key-option.js';
export { type CommandLineOptions, readCommandLine } from './command-line.js';
export { HttpListenError, KeyFileMissingError, OptionInvalidError } from './errors.js';
export { HealthModule, type HealthModuleOptions, type ReadinessCheck, type ReadinessReport } from './health.module.js';
export { HttpErrorFilter, type HttpErrorFilterOptions } from './http-error.filter.js';
export { httpListenError } from './http-listen-error.js';
export { MetricsModule, MetricsRegistry } from './metrics.module.js';
export { NestLogger } from './nest-logger.js';
export {
  addressOption,
  choiceOption,
  durationOption,
  labelOption,
  nameOption,
  numberOption,
  pathOption,
} from './option-parsers.js';
export {
  defaulted,
  type OptionSchema,
  type OptionSpec,
  type OptionValues,
  optional,
  repeatable,
} from './option-spec.js';
export { LOG_LEVELS, type LogLevel, PinoLogger, type PinoLoggerOptions } from './pino-logger.js';
export type { CheckedCase } from './plugins/check-plugin.js';
export { describePlugin, type InspectOptions, inspectPlugin, type PluginSummary } from './plugins/inspect-plugins.js';
export { type OpenPluginsOptions, openPlugins } from './plugins/open-plugins.js';
export type { PluginHost } from './plugins/plugin-host.js';
export type { PluginHealth } from './plugins/plugin-watch.js';
export { RELEASE } from './release.js';
export { type RunningServer, type RunServerOptions, runServer } from './run-server.js';
export {
  keyFileOf,
  keyFromEnvironment,
  nodeNameFrom,
  pluginFolderOf,
  sharedOptions,
  USUAL_CLUSTER,
} from './server-options.js';
export type { ServerAddresses, ServerMessage, ServerProcess } from './server-process.js';
export { SystemClock, SystemTimers } from './system-clock.js';
export { SystemRandom } from './system-random.js';
