import { TRACKER_PATTERNS } from './tracker-messages.js';

/**
 * Fields of a message that came later than the message: by name the version that brought it, or the later fields of what is in
 * it (of each item, where it is a list). The other side of `@since` in the messages.
 */
export type FieldVersions = { readonly [field: string]: number | FieldVersions };

const HINTS: FieldVersions = { owners: 2, membersEpoch: 2 };
const WRITTEN: FieldVersions = { ...HINTS, copies: 2 };

/** Versions that brought messages; those not named are there since version 1. */
const PATTERN_VERSIONS: ReadonlyMap<string, number> = new Map([
  [TRACKER_PATTERNS.clusterMembers, 2],
  [TRACKER_PATTERNS.clusterStatus, 2],
  [TRACKER_PATTERNS.clusterSlots, 2],
  [TRACKER_PATTERNS.clusterDrain, 2],
  [TRACKER_PATTERNS.clusterRepair, 2],
  [TRACKER_PATTERNS.clusterCordon, 3],
  [TRACKER_PATTERNS.clusterUncordon, 3],
  [TRACKER_PATTERNS.clusterSnapshot, 3],
  [TRACKER_PATTERNS.ticket, 3],
  [TRACKER_PATTERNS.accessWatch, 3],
  [TRACKER_PATTERNS.keyCreate, 3],
  [TRACKER_PATTERNS.keyRotate, 3],
  [TRACKER_PATTERNS.keyRevoke, 3],
  [TRACKER_PATTERNS.keyList, 3],
]);

const REPLY_VERSIONS: ReadonlyMap<string, FieldVersions> = new Map([
  [TRACKER_PATTERNS.announce, WRITTEN],
  [TRACKER_PATTERNS.deregister, WRITTEN],
  [TRACKER_PATTERNS.heartbeat, { ...HINTS, revoked: 3 }],
  [TRACKER_PATTERNS.lookup, HINTS],
  [TRACKER_PATTERNS.metadataPut, WRITTEN],
  [TRACKER_PATTERNS.metadataGet, HINTS],
  [TRACKER_PATTERNS.namePut, WRITTEN],
  [TRACKER_PATTERNS.nameGet, HINTS],
  [TRACKER_PATTERNS.torrentList, HINTS],
  [TRACKER_PATTERNS.clusterMembers, { members: { isCordoned: 3 } }],
  [TRACKER_PATTERNS.clusterStatus, { members: { isCordoned: 3, protocol: 3 } }],
]);

/** Whether a message is there in that version of the protocol. Patterns of plugins are in every one. */
export function isPatternIn(pattern: string, version: number): boolean {
  return (PATTERN_VERSIONS.get(pattern) ?? 1) <= version;
}

/** A reply as it goes to whoever agreed on `version`: without the fields that are newer. */
export function replyFor(pattern: string, reply: unknown, version: number): unknown {
  const fields = REPLY_VERSIONS.get(pattern);
  return fields === undefined ? reply : withoutNewer(reply, fields, version);
}

/** A copy without the fields that are newer than `version`; the message itself where it has none of them. */
export function withoutNewer<Message>(message: Message, fields: FieldVersions, version: number): Message {
  if (newestOf(fields) <= version || !isObject(message)) return message;
  // What is left is of the same type: every later field is optional.
  return older(message, fields, version) as Message;
}

function older(message: object, fields: FieldVersions, version: number): unknown {
  if (Array.isArray(message)) return message.map((item) => withoutNewer<unknown>(item, fields, version));
  return Object.fromEntries(
    Object.entries(message).flatMap(([key, value]): readonly (readonly [string, unknown])[] => {
      const since = fields[key] ?? 1;
      if (typeof since !== 'number') return [[key, withoutNewer(value, since, version)]];
      return since > version ? [] : [[key, value]];
    }),
  );
}

function newestOf(fields: FieldVersions): number {
  return Math.max(...Object.values(fields).map((since) => (typeof since === 'number' ? since : newestOf(since))));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array);
}
