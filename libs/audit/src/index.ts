export {
  type AuditEvent,
  type AuditFields,
  type AuditGap,
  type AuditOutcome,
  type PluginAuditEvent,
  whyNoEvent,
} from './audit-event.js';
export { auditSinkCases, makeAuditEvent } from './audit-sink.compliance.js';
export type { AuditSink } from './audit-sink.js';
export { type AuditNote, AuditTrail, type AuditTrailOptions } from './audit-trail.js';
export { LogAuditSink } from './log-audit-sink.js';
