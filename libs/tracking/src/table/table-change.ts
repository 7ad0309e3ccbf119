import type { ClusterRecord } from '@panal/cluster';
import type { ClientKeyKey, NameKey, PeerKey, TorrentRecordKey } from './record-key.js';

/** What a reader sees of an entry. */
export interface ServedEntry {
  readonly isComplete: boolean;
}

/** An entry began or ceased to be served, or became complete or incomplete. A refresh changes nothing. */
export interface EntryChange {
  readonly kind: 'entry';
  readonly namespace: string;
  /** Content id in hex. */
  readonly torrent: string;
  /** Peer id in hex. */
  readonly peer: string;
  readonly before: ServedEntry | undefined;
  readonly after: ServedEntry | undefined;
}

/**
 * A record of another kind has another version now, or none that is served: before and after are undefined when there was or
 * is none that is alive and within its time.
 */
interface RecordChange {
  readonly kind: 'record';
  readonly key: PeerKey | TorrentRecordKey | NameKey | ClientKeyKey;
  readonly before: ClusterRecord | undefined;
  readonly after: ClusterRecord | undefined;
}

/** What changed for readers. */
export type TableChange = EntryChange | RecordChange;

export type TableListener = (change: TableChange) => void;
