import { errorReport, ReportedError } from '@panal/runtime';
import { isHybridTime, type PatternParts, patternOf, type VersionRange } from '@panal/wire';
import { ProtocolViolationError } from '../errors.js';

// What the two ends of a link say to each other about the link itself, all of it as events. No handler sees these.

const LINK = { endpoint: 'cluster', handler: 'link' } as const;

/** The first message, both ways: who is there. The side that dialled begins. */
export const HELLO = { ...LINK, command: 'hello' } as const;

/** In place of its hello, or after it: why a side goes no further, as an error report. Then it closes the link. */
export const REFUSAL = { ...LINK, command: 'refusal' } as const;

/** A sign of life. */
export const BEAT = { ...LINK, command: 'beat' } as const;

/** What `send` was given. */
export const MESSAGE = { ...LINK, command: 'message' } as const;

/** Whether a message is about the link, or a `MESSAGE`. */
export function isLinkMessage({ endpoint, handler }: PatternParts): boolean {
  return handler === LINK.handler && endpoint === LINK.endpoint;
}

/** Patterns of requests that the application may not use. */
export function isLinkPattern(pattern: string): boolean {
  return pattern.startsWith(patternOf({ ...LINK, command: '' }));
}

/** What a tracker says first on a link. */
export interface LinkHello {
  /** 32 hex digits. */
  readonly trackerId: string;
  /** Hybrid stamp of the process start. */
  readonly startedAt: number;
  /** Versions of the messages between trackers that it speaks. */
  readonly protocol: VersionRange;
}

const TRACKER_ID = /^[0-9a-f]{32}$/;
const VERSION_MAX = 0xffff;

/** Fields it does not know are ignored. @throws ProtocolViolationError */
export function parseLinkHello(data: unknown): LinkHello {
  const { trackerId, startedAt, protocol } = fieldsOf(data);
  if (typeof trackerId !== 'string' || !TRACKER_ID.test(trackerId)) throw malformed('tracker id');
  if (typeof startedAt !== 'number' || !isHybridTime(startedAt)) throw malformed('start time');
  const { min, max } = fieldsOf(protocol);
  if (!isVersion(min) || !isVersion(max) || min > max) throw malformed('version range');
  return { trackerId, startedAt, protocol: { min, max } };
}

/** What the other side says in a refusal; texts of any length are its own problem, for the frame they came in is bounded. */
export function parseRefusal(data: unknown): ReportedError {
  const { code, message, action, retryable } = fieldsOf(data);
  if (typeof code !== 'string' || typeof message !== 'string' || typeof action !== 'string') {
    return new ReportedError(errorReport(undefined));
  }
  return new ReportedError({ code, message, action, retryable: retryable === true });
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function isVersion(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= VERSION_MAX;
}

function malformed(what: string): ProtocolViolationError {
  return new ProtocolViolationError(`its first message on a link has no valid ${what}`);
}
