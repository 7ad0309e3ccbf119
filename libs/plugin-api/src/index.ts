export {
  type AuditEvent,
  type AuditFields,
  type AuditGap,
  type AuditOutcome,
  type AuditSink,
  auditSinkCases,
  type PluginAuditEvent,
} from '@panal/audit';
export {
  type Clock,
  type ComplianceCase,
  type Logger,
  ManualClock,
  PanalError,
  type PanalErrorOptions,
  type Random,
  SeededRandom,
  silentLogger,
  type Timers,
} from '@panal/runtime';
export {
  type HandoutPolicy,
  type HandoutRequest,
  handoutPolicyCases,
  makeSource,
  type PeerLease,
  type PeerSource,
} from '@panal/tracking';
export {
  type ChunkScheduler,
  type ChunkSchedulerContext,
  type ChunkSchedulerFactory,
  chunkSchedulerCases,
  type SourceSelector,
  type SourceStanding,
  sourceSelectorCases,
} from '@panal/transfer';
export type { TorrentView } from '@panal/wire';
export {
  PLUGIN_CONTEXT,
  type PluginAudit,
  type PluginAuditNote,
  type PluginContext,
  type PluginCounter,
  type PluginGauge,
  type PluginMetricOptions,
  type PluginMetrics,
  type PluginServer,
  type PortContext,
} from './plugin-context.js';
export {
  definePlugin,
  PLUGIN_API_VERSION,
  type PluginContributions,
  type PluginManifest,
  type SinglePorts,
} from './plugin-manifest.js';
export {
  type MessageContext,
  PEER_VIEW,
  type PeerView,
  TRACKER_VIEW,
  type TrackerCounts,
  type TrackerView,
} from './server-views.js';
