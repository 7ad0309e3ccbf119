import { type ClusterRecord, EVERYWHERE, originOf, type RecordClass, type TrackerId } from '@panal/cluster';
import type { Clock } from '@panal/runtime';
import type { HybridClock } from '@panal/wire';
import { encodeRevocation } from './key-record.js';
import { type AboutRecord, encodeAboutRecord, encodePeerRecord, type PeerRecord } from './peer-record.js';
import { entryKey, keyRecordKey, nameKey, peerKey, slotOfTorrent, torrentRecordKey } from './record-keys.js';
import { entryValue } from './table/entry-rows.js';
import type { TorrentKey } from './torrent-key.js';

const NOTHING = Buffer.alloc(0);

export interface RecordMakerOptions {
  readonly clock: Clock;
  readonly hybridClock: HybridClock;
  readonly selfId: TrackerId;
  /** A peer record and an entry are served for so long without a newer one. */
  readonly lifeMs: number;
}

/** Stamps what this tracker was told: each record once, here; copies carry the stamp along. */
export class RecordMaker {
  readonly #origin: number;

  constructor(private readonly options: RecordMakerOptions) {
    this.#origin = originOf(options.selfId);
  }

  /** A new stamp, greater than all that this tracker has seen. */
  tick(): number {
    return this.options.hybridClock.tick(this.options.clock.nowMs());
  }

  peer(id: string, record: PeerRecord): ClusterRecord {
    return this.#live(peerKey(id), EVERYWHERE, 'soft', encodePeerRecord(record));
  }

  /** @param clock One more than that of the record it ends: a word of the peer to another tracker is newer, and wins. */
  peerEnd(id: string, clock: number): ClusterRecord {
    return this.#dead(peerKey(id), EVERYWHERE, 'soft', clock);
  }

  /** @param peerId 16 bytes. */
  entry(key: TorrentKey, peerId: Uint8Array, isComplete: boolean): ClusterRecord {
    return this.#live(entryKey(key, peerId), slotOfTorrent(key), 'soft', entryValue({ isComplete }));
  }

  entryEnd(key: TorrentKey, peerId: Uint8Array): ClusterRecord {
    return this.#dead(entryKey(key, peerId), slotOfTorrent(key), 'soft', this.tick());
  }

  about(key: TorrentKey, about: AboutRecord): ClusterRecord {
    return this.#live(torrentRecordKey('about', key), slotOfTorrent(key), 'durable', encodeAboutRecord(about));
  }

  aboutEnd(key: TorrentKey): ClusterRecord {
    return this.#dead(torrentRecordKey('about', key), slotOfTorrent(key), 'durable', this.tick());
  }

  metadata(key: TorrentKey, bytes: Uint8Array): ClusterRecord {
    return this.#live(torrentRecordKey('metadata', key), slotOfTorrent(key), 'durable', Buffer.from(bytes));
  }

  metadataEnd(key: TorrentKey): ClusterRecord {
    return this.#dead(torrentRecordKey('metadata', key), slotOfTorrent(key), 'durable', this.tick());
  }

  /** @param setAt Hybrid clock of the sharer. */
  name(key: TorrentKey, name: string, setAt: number): ClusterRecord {
    return { ...this.#live(nameKey(key, name), EVERYWHERE, 'durable', NOTHING), clock: setAt };
  }

  nameEnd(key: TorrentKey, name: string): ClusterRecord {
    return this.#dead(nameKey(key, name), EVERYWHERE, 'durable', this.tick());
  }

  /** @param sealed The key, for no eyes but trackers'. */
  key(keyId: Uint8Array, sealed: Buffer): ClusterRecord {
    return this.#live(keyRecordKey('key', keyId), EVERYWHERE, 'durable', sealed);
  }

  revocation(keyId: Uint8Array, revokedAtMs: number): ClusterRecord {
    return this.#live(keyRecordKey('revocation', keyId), EVERYWHERE, 'durable', encodeRevocation(revokedAtMs));
  }

  /** Of a key that was revoked long ago: all that is kept of it. */
  keyEnds(keyId: Uint8Array): readonly ClusterRecord[] {
    const ends = (['key', 'revocation'] as const).map((kind) => keyRecordKey(kind, keyId));
    return ends.map((key) => this.#dead(key, EVERYWHERE, 'durable', this.tick()));
  }

  #live(key: Buffer, slot: number, recordClass: RecordClass, value: Buffer): ClusterRecord {
    const isSoft = recordClass === 'soft';
    return {
      key,
      slot,
      recordClass,
      clock: this.tick(),
      origin: this.#origin,
      isDead: false,
      serveUntilMs: isSoft ? this.options.clock.nowMs() + this.options.lifeMs : Number.POSITIVE_INFINITY,
      value,
    };
  }

  #dead(key: Buffer, slot: number, recordClass: RecordClass, clock: number): ClusterRecord {
    return {
      key,
      slot,
      recordClass,
      clock,
      origin: this.#origin,
      isDead: true,
      serveUntilMs: 0,
      value: NOTHING,
    };
  }
}
