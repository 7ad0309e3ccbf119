import { deepStrictEqual, ok } from 'node:assert/strict';
import type { ComplianceCase } from '@panal/runtime';
import type { AuditEvent } from './audit-event.js';
import type { AuditSink } from './audit-sink.js';
import { BATCH_MAX } from './limits.js';

/** An event for tests of sinks. */
export function makeAuditEvent(number: number): AuditEvent {
  return Object.freeze({
    kind: 'plugin',
    id: number.toString(16).padStart(32, '0'),
    atMs: 1_700_000_000_000 + number,
    server: 't1',
    plugin: 'example',
    action: 'thing.done',
    outcome: 'done',
    fields: Object.freeze({ number }),
  });
}

/** What every `AuditSink` promises. `makeSink` gives a new one for each case. */
export function auditSinkCases(makeSink: () => AuditSink | Promise<AuditSink>): readonly ComplianceCase[] {
  const batch = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => makeAuditEvent(from + at));
  return [
    {
      name: 'gives a promise, and keeps nothing at all without harm',
      run: async () => {
        const kept = (await makeSink()).append([]);
        ok(typeof kept?.then === 'function', 'append() did not return a promise');
        await kept;
      },
    },
    {
      name: 'takes the largest batch, and the next one',
      run: async () => {
        const sink = await makeSink();
        await sink.append(batch(0, BATCH_MAX));
        await sink.append(batch(BATCH_MAX, BATCH_MAX + 1));
      },
    },
    {
      name: 'takes the same events twice: they come again after a failure',
      run: async () => {
        const sink = await makeSink();
        await sink.append(batch(0, 2));
        await sink.append(batch(0, 2));
      },
    },
    {
      name: 'leaves the events as they were',
      run: async () => {
        const events = Object.freeze(batch(0, 3));
        await (await makeSink()).append(events);
        deepStrictEqual(events, batch(0, 3));
      },
    },
  ];
}
