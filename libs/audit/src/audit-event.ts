import { FIELD_TEXT_SIZE_MAX, FIELDS_MAX } from './limits.js';

export type AuditOutcome = 'done' | 'refused' | 'failed';

/** What varies in an event. Never a secret. */
export type AuditFields = Readonly<Record<string, string | number | boolean>>;

/** Something a plugin did, or refused to do, that somebody may be asked about later. */
export interface PluginAuditEvent {
  readonly kind: 'plugin';
  /** 32 hex digits; a copy of the event has the same. */
  readonly id: string;
  /** Wall clock, ms since 1970. */
  readonly atMs: number;
  /** Name of the tracker or peer. */
  readonly server: string;
  readonly plugin: string;
  /** What was done, for example `policy.changed`. */
  readonly action: string;
  readonly outcome: AuditOutcome;
  readonly fields: AuditFields;
}

/** So many events were lost here, because nobody took them for too long. */
export interface AuditGap {
  readonly kind: 'gap';
  readonly id: string;
  readonly atMs: number;
  readonly server: string;
  readonly lostCount: number;
}

/** A closed union: whoever stores or shows events knows all kinds. */
export type AuditEvent = PluginAuditEvent | AuditGap;

const ACTION = /^[a-z][a-z0-9_.-]{0,63}$/;
const FIELD = /^[a-z][A-Za-z0-9]{0,31}$/;
const OUTCOMES: readonly unknown[] = ['done', 'refused', 'failed'];

/** What is wrong with what a plugin wants to be remembered, as the end of a sentence; undefined when nothing is. */
export function whyNoEvent({ action, outcome, fields }: Record<'action' | 'outcome' | 'fields', unknown>) {
  if (typeof action !== 'string' || !ACTION.test(action)) return 'its action is no name such as "policy.changed"';
  if (!OUTCOMES.includes(outcome)) return `its outcome is none of ${OUTCOMES.join(', ')}`;
  if (typeof fields !== 'object' || fields === null) return 'its fields are no object';
  const entries = Object.entries(fields);
  if (entries.length > FIELDS_MAX) return `it has more than ${FIELDS_MAX} fields`;
  const bad = entries.find(([name, value]) => !FIELD.test(name) || !isFieldValue(value));
  return bad === undefined ? undefined : `its field "${bad[0]}" is no short text, finite number, true or false`;
}

function isFieldValue(value: unknown): boolean {
  if (typeof value === 'string') return value.length <= FIELD_TEXT_SIZE_MAX;
  return typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));
}
