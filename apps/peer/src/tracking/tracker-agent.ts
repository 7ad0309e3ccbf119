import { type ErrorReport, errorReport, type HostPort, type Logger, type Random, type Timers } from '@panal/runtime';
import { formatContentId, type Metainfo } from '@panal/torrent';
import type { TrackerSet } from '@panal/transport-tcp';
import {
  type CatalogEntry,
  DEFAULT_NAMESPACE,
  METADATA_SIZE_MAX,
  type PeerIdentity,
  type PeerInfo,
  TORRENT_LIST_MAX,
  type TrackerView,
  WHOLE_TORRENT,
} from '@panal/wire';
import { FAREWELL_TIMEOUT_MS, PEERS_WANTED } from '../peer-limits.js';
import type { GivenName } from '../torrents/torrent-records.js';
import { AnnounceLoop } from './announce-loop.js';
import { HeartbeatLoop } from './heartbeat-loop.js';

/** What the trackers are told of one torrent. */
export interface TrackedTorrentOptions {
  readonly metainfo: Metainfo;
  readonly name?: GivenName;
  readonly progress: () => { readonly isComplete: boolean; readonly chunksDone: number };
  /** Peers that may have it. Absent: none are wanted. */
  readonly onPeers?: (peers: readonly PeerInfo[]) => void;
  /** How soon to ask for peers again, in ms; `undefined`: not at all. Asked after each answer. */
  readonly nextLookupMs?: () => number | undefined;
}

/** A torrent the trackers know this peer for, until `end`. */
export interface TrackedTorrent {
  /** Why the trackers do not list this peer at the moment; null when they do. */
  readonly trouble: ErrorReport | null;
  /** What `progress` says has changed in a way the trackers should know at once. */
  changed(): void;
  end(): Promise<void>;
}

export interface TrackerAgentOptions {
  readonly trackers: TrackerSet;
  /** Read at each announce: the data port may be known late. */
  readonly identity: () => PeerIdentity;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /** There is a tracker again that can be asked. */
  readonly onSession?: () => void;
  /** A tracker told of keys that are no longer good, by their ids. */
  readonly onRevoked?: (keyIds: readonly Uint8Array[]) => void;
}

/** Keeps the trackers told of what this peer has, and asks them who else has it. */
export class TrackerAgent {
  readonly #loops = new Map<AnnounceLoop, TrackedTorrentOptions>();
  readonly #heartbeat: HeartbeatLoop;
  readonly #endSessions: () => void;

  constructor(private readonly options: TrackerAgentOptions) {
    const { trackers, timers, random } = options;
    this.#heartbeat = new HeartbeatLoop({ beat: () => this.#beat(), timers, random });
    this.#endSessions = trackers.onSession(() => this.#onSession());
  }

  get trackers(): TrackerSet {
    return this.options.trackers;
  }

  /** @param remembered Trackers an earlier start has learned of. */
  start(remembered: readonly HostPort[]): void {
    this.options.trackers.start(remembered);
  }

  views(): TrackerView[] {
    return this.options.trackers.views();
  }

  track(torrent: TrackedTorrentOptions): TrackedTorrent {
    const { timers, random, logger } = this.options;
    const announce = (): Promise<void> => this.#announce(torrent);
    const loop = new AnnounceLoop({ announce, nextMs: () => torrent.nextLookupMs?.(), timers, random, logger });
    this.#loops.set(loop, torrent);
    loop.wake();
    return {
      get trouble() {
        return loop.trouble;
      },
      changed: () => loop.wake(),
      end: () => this.#end(loop, torrent),
    };
  }

  /** What the cluster shares, as far as the trackers know, at most one page of them. */
  async catalog(): Promise<CatalogEntry[]> {
    const request = { namespace: DEFAULT_NAMESPACE, countMax: TORRENT_LIST_MAX };
    const { torrents } = await this.options.trackers.list(request);
    return torrents.map((torrent) => ({ ...torrent, hash: formatContentId(torrent.hash), names: [...torrent.names] }));
  }

  /** Says goodbye for every torrent, for at most FAREWELL_TIMEOUT_MS, and closes the connections. */
  async stop(): Promise<void> {
    this.#endSessions();
    this.#heartbeat.stop();
    await Promise.all([...this.#loops].map(([loop, torrent]) => this.#end(loop, torrent)));
    await this.options.trackers.close();
  }

  /** The new session tracker is to hear of this peer; what it does not know, it says. */
  #onSession(): void {
    this.options.onSession?.();
    this.#heartbeat.hasten();
    for (const loop of this.#loops.keys()) if (loop.trouble !== null) loop.wake();
  }

  async #announce(torrent: TrackedTorrentOptions): Promise<void> {
    const { metainfo, name, onPeers } = torrent;
    const { trackers, identity } = this.options;
    const about = { namespace: DEFAULT_NAMESPACE, hash: metainfo.contentId, index: WHOLE_TORRENT };
    const { heartbeatIntervalMs, peers, isMetadataKnown } = await trackers.announce({
      ...about,
      ...torrent.progress(),
      peer: identity(),
      sizeBytes: metainfo.sizeBytes,
      title: metainfo.name,
      peerCountMax: onPeers === undefined ? 0 : PEERS_WANTED,
    });
    this.#heartbeat.pace(heartbeatIntervalMs);
    onPeers?.(peers);
    if (!isMetadataKnown && metainfo.bytes.length <= METADATA_SIZE_MAX) {
      await trackers.putMetadata({ ...about, bytes: metainfo.bytes });
    }
    if (name !== undefined) {
      await trackers.putName({ namespace: DEFAULT_NAMESPACE, hash: metainfo.contentId, ...name });
    }
  }

  async #end(loop: AnnounceLoop, { metainfo }: TrackedTorrentOptions): Promise<void> {
    if (!this.#loops.delete(loop)) return;
    const wasAnnounced = loop.stop();
    const isStillTracked = [...this.#loops.values()].some((other) =>
      other.metainfo.contentId.equals(metainfo.contentId),
    );
    if (!wasAnnounced || isStillTracked) return;
    const abort = new AbortController();
    const cancel = this.options.timers.after(FAREWELL_TIMEOUT_MS, () => abort.abort());
    const about = { namespace: DEFAULT_NAMESPACE, hash: metainfo.contentId, index: WHOLE_TORRENT };
    try {
      await this.options.trackers.deregister({ ...about, peerId: this.options.identity().id }, abort.signal);
    } catch (error) {
      this.options.logger.debug('The trackers were not told of the end of a torrent', { error });
    } finally {
      cancel();
    }
  }

  /** One that fails is made good by the next: its trackers forget the peer only after several. */
  async #beat(): Promise<void> {
    const announced = [...this.#loops].filter(([loop]) => loop.wasTaken);
    if (announced.length === 0) return;
    const { id, incarnation } = this.options.identity();
    const torrents = announced.map(([, torrent]) => ({
      hash: torrent.metainfo.contentId,
      isComplete: torrent.progress().isComplete,
    }));
    try {
      const request = { namespace: DEFAULT_NAMESPACE, peerId: id, incarnation, torrents };
      const reply = await this.options.trackers.heartbeat(request);
      this.#heartbeat.pace(reply.heartbeatIntervalMs);
      if (reply.revoked !== undefined) this.options.onRevoked?.(reply.revoked);
      const unknown = new Set(reply.unknown.map(formatContentId));
      for (const [loop, { metainfo }] of announced) {
        if (unknown.has(formatContentId(metainfo.contentId))) loop.wake();
      }
    } catch (error) {
      this.options.logger.warn('No tracker took the heartbeat', { ...errorReport(error) });
    }
  }
}
