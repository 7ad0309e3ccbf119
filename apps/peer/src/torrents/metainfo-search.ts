import { errorReport, type Logger } from '@panal/runtime';
import { formatContentId, type Metainfo, parseTorrent } from '@panal/torrent';
import type { TrackerSet } from '@panal/transport-tcp';
import { DEFAULT_NAMESPACE, WHOLE_TORRENT } from '@panal/wire';
import { MetadataMissingError } from '../errors.js';
import { METADATA_LIARS_MAX, METADATA_PEERS_MAX } from '../peer-limits.js';
import type { TorrentPorts } from './catalog-torrent.js';
import type { DownloadSource } from './download-source.js';
import { sourceAddresses } from './source-addresses.js';

interface MetainfoSearchOptions extends Pick<TorrentPorts, 'fetchMetadata'> {
  readonly trackers: Pick<TrackerSet, 'getName' | 'getMetadata' | 'lookup'>;
  readonly shelf: Pick<TorrentPorts['shelf'], 'find'>;
  readonly logger: Logger;
}

/**
 * Finds the torrent file of a download: here, at the trackers, and, because those keep none above 1 MiB and forget them
 * all when they start anew, at the peers that have the content. Nobody is believed: the file must have the id.
 */
export class MetainfoSearch {
  /** Peer ids that sent something else. */
  readonly #liars = new Set<string>();

  constructor(private readonly options: MetainfoSearchOptions) {}

  /** One attempt. @throws MetadataMissingError, `name_unknown`, NoTrackerError: try again later */
  async resolve(source: DownloadSource, signal: AbortSignal): Promise<Metainfo> {
    if (source.kind === 'torrent') return source.metainfo;
    const hash = source.kind === 'hash' ? source.hash : await this.#hashOf(source.name, signal);
    const metainfo =
      this.#onShelf(hash) ?? (await this.#fromTrackers(hash, signal)) ?? (await this.#fromPeers(hash, signal));
    if (metainfo === undefined) throw new MetadataMissingError(formatContentId(hash));
    return metainfo;
  }

  async #hashOf(name: string, signal: AbortSignal): Promise<Buffer> {
    const { hash } = await this.options.trackers.getName({ namespace: DEFAULT_NAMESPACE, name }, signal);
    return Buffer.from(hash);
  }

  #onShelf(hash: Buffer): Metainfo | undefined {
    const content = this.options.shelf.find(DEFAULT_NAMESPACE, hash);
    return content === undefined ? undefined : metainfoOf(content.metadata, hash);
  }

  async #fromTrackers(hash: Buffer, signal: AbortSignal): Promise<Metainfo | undefined> {
    let metainfo: Metainfo | undefined;
    const isGood = (bytes: Uint8Array): boolean => {
      metainfo = metainfoOf(bytes, hash);
      return metainfo !== undefined;
    };
    const request = { namespace: DEFAULT_NAMESPACE, hash, index: WHOLE_TORRENT };
    const bytes = await this.options.trackers.getMetadata(request, isGood, signal);
    return bytes === null ? undefined : metainfo;
  }

  /** One peer after the other: most have it, and two torrent files at once would only cost memory. */
  async #fromPeers(hash: Buffer, signal: AbortSignal): Promise<Metainfo | undefined> {
    const request = { namespace: DEFAULT_NAMESPACE, hash, index: WHOLE_TORRENT, peerCountMax: METADATA_PEERS_MAX };
    const { peers } = await this.options.trackers.lookup(request, signal);
    for (const source of sourceAddresses(peers)) {
      signal.throwIfAborted();
      if (this.#liars.has(source.peerId)) continue;
      try {
        const wanted = { namespace: DEFAULT_NAMESPACE, hash };
        const metainfo = metainfoOf(await this.options.fetchMetadata(source, wanted, signal), hash);
        if (metainfo !== undefined) return metainfo;
        this.#distrust(source.peerId, source.name);
      } catch (error) {
        // Gone, busy, or speaking nonsense: the next one is asked, and this one again in the next attempt.
        this.options.logger.debug('A peer did not give the torrent file', { peer: source.name, ...errorReport(error) });
      }
    }
    return undefined;
  }

  #distrust(peerId: string, name: string): void {
    this.options.logger.warn('A peer sent another torrent file than the one asked for', { peer: name });
    const [oldest] = this.#liars;
    if (oldest !== undefined && this.#liars.size >= METADATA_LIARS_MAX) this.#liars.delete(oldest);
    this.#liars.add(peerId);
  }
}

function metainfoOf(bytes: Uint8Array, hash: Uint8Array): Metainfo | undefined {
  try {
    const metainfo = parseTorrent(bytes);
    return metainfo.contentId.equals(hash) || metainfo.infoHashV1?.equals(hash) === true ? metainfo : undefined;
  } catch {
    return undefined;
  }
}
