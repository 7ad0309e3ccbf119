import type { ClusterRecord, RecordLifetimes } from '@panal/cluster';
import { SeededRandom } from '@panal/runtime';
import { entryValue } from './entry-rows.js';
import { encodeRecordKey, slotOfKey } from './record-key.js';
import type { TableChange } from './table-change.js';
import { TrackerTable } from './tracker-table.js';

export const NOW_MS = 1_700_000_000_000;
export const LIVES: RecordLifetimes = { softMs: 60_000, durableTombstoneMs: 600_000 };

const STAMP_PER_MS = 4_096;

/** A number spread over `size` bytes: an id of its own. */
export function idOf(number: number, size: number): Buffer {
  return new SeededRandom(number).bytes(size);
}

export interface EntryDraft {
  readonly namespace?: string;
  /** Numbers of the torrent and the peer; odd torrents have ids of 20 bytes, even ones of 32. */
  readonly torrent: number;
  readonly peer: number;
  /** Milliseconds of the stamp behind NOW_MS. */
  readonly atMs?: number;
  readonly isDead?: boolean;
  readonly isComplete?: boolean;
  readonly serveMs?: number;
  readonly origin?: number;
}

export function contentIdOf(torrent: number): Buffer {
  return idOf(torrent, torrent % 2 === 1 ? 20 : 32);
}

export function peerIdOf(peer: number): Buffer {
  return idOf(1_000_000 + peer, 16);
}

/** The record of an entry. */
export function entryRecord(draft: EntryDraft): ClusterRecord {
  const { namespace = 'default', torrent, peer, atMs = 0, isDead = false, isComplete = false } = draft;
  const key = encodeRecordKey({
    kind: 'entry',
    namespace,
    contentId: contentIdOf(torrent),
    peerId: peerIdOf(peer),
  });
  return {
    key,
    slot: slotOfKey(key),
    recordClass: 'soft',
    clock: (NOW_MS + atMs) * STAMP_PER_MS,
    origin: draft.origin ?? 1,
    isDead,
    serveUntilMs: isDead ? 0 : NOW_MS + atMs + (draft.serveMs ?? 30_000),
    value: isDead ? Buffer.alloc(0) : entryValue({ isComplete }),
  };
}

/** A table with all that its watchers were told, and with peers 0 to `peerCount` - 1 that live since ever. */
export function watchedTable(peerCount = 10): { table: TrackerTable; changes: TableChange[] } {
  const table = new TrackerTable({ seed: { high: 1, low: 2 }, lives: LIVES, random: new SeededRandom(7) });
  const changes: TableChange[] = [];
  table.watch((change) => changes.push(change));
  for (let peer = 0; peer < peerCount; peer += 1) table.setPeerFloor(peerIdOf(peer).toString('hex'), 0);
  return { table, changes };
}
