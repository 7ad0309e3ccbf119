import type { DataFolder, FileStamp } from '@panal/storage-fs';
import { type Metainfo, parseTorrent } from '@panal/torrent';
import type { DownloadRequest, TorrentFormatName } from '@panal/wire';

/** A name in the cluster and when it was given, by the hybrid clock. */
export interface GivenName {
  readonly name: string;
  readonly setAt: number;
}

interface RecordBase {
  readonly format: 1;
  readonly id: string;
  readonly startedAtMs: number;
  readonly finishedAtMs: number | null;
  /** Absolute path of the content; empty for a download that is not resolved. */
  readonly path: string;
  /** Present when the content is whole. */
  readonly stamps: readonly (FileStamp | null)[] | null;
}

export interface ShareRecord extends RecordBase {
  readonly kind: 'share';
  readonly name: GivenName | null;
  readonly torrentFormat: TorrentFormatName;
  readonly chunkSizeBytes: number | null;
}

export interface DownloadRecord extends RecordBase {
  readonly kind: 'download';
  readonly request: Omit<DownloadRequest, 'torrent'>;
}

export type TorrentRecord = ShareRecord | DownloadRecord;

export interface SavedTorrent {
  readonly record: TorrentRecord;
  readonly metainfo: Metainfo | undefined;
}

const FOLDER = 'torrents';

/** What the peer must know of its torrents after a restart: a small record each, and the torrent file beside it. */
export class TorrentRecords {
  constructor(private readonly folder: DataFolder) {}

  async save(record: TorrentRecord): Promise<void> {
    await this.folder.writeJson(`${FOLDER}/${record.id}.json`, record);
  }

  async saveMetainfo(id: string, metainfo: Metainfo): Promise<void> {
    await this.folder.writeBytes(`${FOLDER}/${id}.torrent`, metainfo.bytes);
  }

  async remove(id: string): Promise<void> {
    await this.folder.remove(`${FOLDER}/${id}.json`);
    await this.folder.remove(`${FOLDER}/${id}.torrent`);
  }

  /** All that can be read, oldest first; `onUnreadable` is told of the rest, which stays where it is. */
  async all(onUnreadable: (file: string, error: unknown) => void): Promise<SavedTorrent[]> {
    const saved: SavedTorrent[] = [];
    for (const file of await this.folder.list(FOLDER)) {
      if (!file.endsWith('.json')) continue;
      try {
        saved.push(await this.#read(file));
      } catch (error) {
        onUnreadable(this.folder.pathOf(`${FOLDER}/${file}`), error);
      }
    }
    return saved.sort((a, b) => a.record.startedAtMs - b.record.startedAtMs);
  }

  async #read(file: string): Promise<SavedTorrent> {
    const record = (await this.folder.readJson(`${FOLDER}/${file}`)) as TorrentRecord;
    const isKnown = record.format === 1 && (record.kind === 'share' || record.kind === 'download');
    if (!isKnown || `${record.id}.json` !== file) throw new TypeError('it is no record of a torrent');
    const bytes = await this.folder.readBytes(`${FOLDER}/${record.id}.torrent`);
    return { record, metainfo: bytes === undefined ? undefined : parseTorrent(bytes) };
  }
}
