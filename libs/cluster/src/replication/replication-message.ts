import { ClusterMessageInvalidError } from '../membership/errors.js';
import { MessageFields } from '../message-fields.js';
import { APPLY_BATCHES_MAX, PACKED_SIZE_MAX } from './limits.js';

/** Take these records. Answered with `applied` once they are, those that are durable once they are on disk. */
export interface Apply {
  readonly kind: 'apply';
  readonly id: number;
  /** By `encodeRecords`. */
  readonly batches: readonly Buffer[];
}

interface Applied {
  readonly kind: 'applied';
  readonly id: number;
  /** Batches of which something was not taken, by their place. All others are held, in these or newer versions. */
  readonly refused: readonly number[];
}

/** Compare these groups of slots; answered with `slots` for those that differ. First of four levels. */
interface Groups {
  readonly kind: 'groups';
  /** By `encodeGroups`. */
  readonly groups: Buffer;
}

/** Tell your digests of these slots; answered with `slots` for all of them. */
interface Ask {
  readonly kind: 'ask';
  /** By `encodeSlotDigests`. */
  readonly slots: Buffer;
}

/** My digests of these slots, and what I am to them. */
interface Slots {
  readonly kind: 'slots';
  readonly slots: Buffer;
}

/** Digests of the leaves of slots that differ; answered with `versions`, and with records where the sender has none. */
interface Leaves {
  readonly kind: 'leaves';
  /** By `encodeLeaves`. */
  readonly leaves: Buffer;
}

/** What I hold in the leaves that differ. */
interface Versions {
  readonly kind: 'versions';
  /** By `VersionListWriter`. */
  readonly lists: Buffer;
}

/** Send me the records with these keys. */
interface Fetch {
  readonly kind: 'fetch';
  /** By `FetchWriter`. */
  readonly keys: Buffer;
}

/** Records that were asked for, or that the receiver lacks. */
export interface Push {
  readonly kind: 'push';
  /** By `encodeRecords`. */
  readonly records: Buffer;
  /** Slots of which all that was asked for is sent, by `encodeEnds`. */
  readonly ends: Buffer;
}

/** I hold these slots and own them not: do you have all of it? Answered with `covered`, sooner or later, for those that are. */
interface Offer {
  readonly kind: 'offer';
  readonly slots: Buffer;
}

/** I own these slots, and what you held when it had these digests I hold too, in these or newer versions. */
interface Covered {
  readonly kind: 'covered';
  readonly slots: Buffer;
}

/** What trackers tell each other about records, by TCP, in order. */
export type ReplicationMessage =
  | Apply
  | Applied
  | Groups
  | Ask
  | Slots
  | Leaves
  | Versions
  | Fetch
  | Push
  | Offer
  | Covered;

export const REPLICATION_KINDS = [
  'apply',
  'applied',
  'groups',
  'ask',
  'slots',
  'leaves',
  'versions',
  'fetch',
  'push',
  'offer',
  'covered',
] as const;

/** Checks the outer form; what is packed is checked when it is unpacked. @throws ClusterMessageInvalidError */
export function parseReplicationMessage(value: unknown): ReplicationMessage {
  const fields = new MessageFields(value);
  const kind = fields.word('kind', REPLICATION_KINDS);
  switch (kind) {
    case 'apply':
      return { kind, id: idOf(fields), batches: batchesOf(fields) };
    case 'applied':
      return { kind, id: idOf(fields), refused: placesOf(fields) };
    case 'groups':
      return { kind, groups: packed(fields, 'groups') };
    case 'leaves':
      return { kind, leaves: packed(fields, 'leaves') };
    case 'versions':
      return { kind, lists: packed(fields, 'lists') };
    case 'fetch':
      return { kind, keys: packed(fields, 'keys') };
    case 'push':
      return { kind, records: packed(fields, 'records'), ends: packed(fields, 'ends') };
    case 'ask':
    case 'slots':
    case 'offer':
    case 'covered':
      return { kind, slots: packed(fields, 'slots') };
  }
}

function idOf(fields: MessageFields): number {
  return fields.whole('id', 0, Number.MAX_SAFE_INTEGER);
}

function packed(fields: MessageFields, key: string): Buffer {
  return toPacked(fields.raw(key), key);
}

function batchesOf(fields: MessageFields): readonly Buffer[] {
  return listOf(fields, 'batches').map((batch) => toPacked(batch, 'batches'));
}

function placesOf(fields: MessageFields): readonly number[] {
  return listOf(fields, 'refused').map((place) => {
    if (!Number.isInteger(place)) throw new ClusterMessageInvalidError('it.refused has what is no place');
    return place as number;
  });
}

function listOf(fields: MessageFields, key: string): readonly unknown[] {
  const value = fields.raw(key);
  if (!Array.isArray(value) || value.length > APPLY_BATCHES_MAX) {
    throw new ClusterMessageInvalidError(`it.${key} is no list of at most ${APPLY_BATCHES_MAX}`);
  }
  return value;
}

/** Decoders give a Uint8Array here and there; a view of it is as good. */
function toPacked(value: unknown, key: string): Buffer {
  if (!(value instanceof Uint8Array) || value.length > PACKED_SIZE_MAX) {
    throw new ClusterMessageInvalidError(`it.${key} has not at most ${PACKED_SIZE_MAX} bytes`);
  }
  return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}
