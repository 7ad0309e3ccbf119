import type { AuditEvent } from './audit-event.js';

/** Where audit events go. */
export interface AuditSink {
  /**
   * Keeps the events, in this order. When it settles they are kept; when it rejects none need be, and the same events come
   * again, with the same ids: a sink keeps one of each id. One call at a time. The array is not changed, and not the caller's
   * to change.
   */
  append(events: readonly AuditEvent[]): Promise<void>;
}
