import type { Logger } from '@panal/runtime';
import type { AuditEvent } from './audit-event.js';
import type { AuditSink } from './audit-sink.js';

/** The default: a line of the log for each event, for whatever gathers the logs. */
export class LogAuditSink implements AuditSink {
  constructor(private readonly logger: Logger) {}

  async append(events: readonly AuditEvent[]): Promise<void> {
    for (const event of events) this.logger.info('Audit', { audit: event });
  }
}
