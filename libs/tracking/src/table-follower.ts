import type { ClusterRecord } from '@panal/cluster';
import type { Clock } from '@panal/runtime';
import type { KeyRegistry } from './key-registry.js';
import type { MetadataStore } from './metadata-store.js';
import type { NameRegistry } from './name-registry.js';
import type { PeerDirectory } from './peer-directory.js';
import { decodeAboutRecord, decodePeerRecord } from './peer-record.js';
import type { TableChange } from './table/table-change.js';
import { type TorrentKey, toHex } from './torrent-key.js';
import type { TorrentTable } from './torrent-table.js';

export interface TableFollowerOptions {
  readonly clock: Clock;
  readonly torrents: TorrentTable;
  readonly directory: PeerDirectory;
  readonly metadata: MetadataStore;
  readonly names: NameRegistry;
  readonly keys: KeyRegistry;
}

/** Keeps what is derived from the records in step with them, whichever tracker wrote them. */
export class TableFollower {
  constructor(private readonly options: TableFollowerOptions) {}

  follow(change: TableChange): void {
    // Entries are counted by the table itself.
    if (change.kind === 'entry') return;
    const { key, after } = change;
    switch (key.kind) {
      case 'peer':
        this.#followPeer(toHex(key.peerId), after);
        return;
      case 'name':
        this.options.names.follow(keyOf(key), key.name, after?.clock);
        return;
      case 'key':
        this.options.keys.follow(key.keyId, after);
        return;
      case 'revocation':
        this.options.keys.followRevocation(key.keyId, after);
        return;
      case 'metadata':
        this.#followMetadata(keyOf(key), after?.value.length);
        return;
      case 'about':
        this.#describe(keyOf(key), after === undefined ? undefined : decodeAboutRecord(after.value));
    }
  }

  #followPeer(id: string, after: ClusterRecord | undefined): void {
    const record = after === undefined ? undefined : decodePeerRecord(after.value);
    if (after === undefined || record === undefined) this.options.directory.forget(id);
    else this.options.directory.learn({ ...record, id, clock: after.clock, serveUntilMs: after.serveUntilMs });
  }

  #followMetadata(key: TorrentKey, sizeBytes: number | undefined): void {
    const { metadata, torrents } = this.options;
    metadata.follow(key, sizeBytes);
    const row = torrents.ensure(key);
    row.hasMetadata = sizeBytes !== undefined;
    torrents.settle(row);
  }

  #describe(key: TorrentKey, about: { title: string; sizeBytes: number } | undefined): void {
    const { torrents } = this.options;
    const row = torrents.ensure(key);
    row.isDescribed = about !== undefined;
    row.describedAtMs = this.options.clock.monotonicMs();
    row.title = about?.title ?? '';
    row.sizeBytes = about?.sizeBytes ?? 0;
    torrents.settle(row);
  }
}

function keyOf({ namespace, contentId }: { readonly namespace: string; readonly contentId: Buffer }): TorrentKey {
  return { namespace, torrent: toHex(contentId) };
}
