import type { AuditEvent, AuditSink } from '@panal/audit';
import { PLUGIN_CALL_MS } from './plugin-limits.js';
import type { PluginWatch } from './plugin-watch.js';

/**
 * A plugin's sink, which has to answer in time. There is no default to take over: events that went elsewhere would be missing
 * where they are looked for. They wait, and come again.
 */
export class ContainedAuditSink implements AuditSink {
  constructor(
    private readonly watch: PluginWatch,
    private readonly sink: AuditSink,
  ) {}

  append(events: readonly AuditEvent[]): Promise<void> {
    return this.watch.answer('auditSink', { call: () => this.sink.append([...events]), timeoutMs: PLUGIN_CALL_MS });
  }
}
