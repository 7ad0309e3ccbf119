import {
  type CancelTimer,
  type ErrorReport,
  errorReport,
  type Logger,
  type Random,
  ReportedError,
  type Timers,
} from '@panal/runtime';
import { formatContentId, type Metainfo } from '@panal/torrent';
import type { TrackerAnswers, TrackerSet } from '@panal/transport-tcp';
import {
  type AnnounceReply,
  type CatalogEntry,
  DEFAULT_NAMESPACE,
  METADATA_SIZE_MAX,
  type PeerIdentity,
  type PeerInfo,
  TORRENT_LIST_MAX,
  type TrackerView,
  WHOLE_TORRENT,
} from '@panal/wire';
import { FAREWELL_TIMEOUT_MS, HEARTBEAT_DEFAULT_MS, PEERS_WANTED } from '../peer-limits.js';
import type { GivenName } from '../torrents/torrent-records.js';
import { AnnounceLoop } from './announce-loop.js';

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
}

/** Keeps the trackers told of what this peer has, and asks them who else has it. */
export class TrackerAgent {
  readonly #loops = new Map<AnnounceLoop, TrackedTorrentOptions>();
  readonly #disconnect: () => void;
  #heartbeatMs = HEARTBEAT_DEFAULT_MS;
  #cancelHeartbeat: CancelTimer = () => undefined;

  constructor(private readonly options: TrackerAgentOptions) {
    // A tracker that was away may have forgotten everything; the next heartbeat would tell, only later.
    this.#disconnect = options.trackers.onConnected(() => this.#announceAll());
    this.#scheduleHeartbeat();
  }

  get trackers(): TrackerSet {
    return this.options.trackers;
  }

  views(): TrackerView[] {
    return this.options.trackers.views();
  }

  track(torrent: TrackedTorrentOptions): TrackedTorrent {
    const { timers, random, logger } = this.options;
    const announce = (): Promise<boolean> => this.#announce(torrent);
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
    this.#disconnect();
    this.#cancelHeartbeat();
    await Promise.all([...this.#loops].map(([loop, torrent]) => this.#end(loop, torrent)));
    await this.options.trackers.close();
  }

  #announceAll(): void {
    for (const loop of this.#loops.keys()) loop.wake();
  }

  /** @returns Whether every tracker took it. @throws when none did, or one refused */
  async #announce(torrent: TrackedTorrentOptions): Promise<boolean> {
    const { metainfo, name, onPeers } = torrent;
    const { trackers, identity } = this.options;
    const about = { namespace: DEFAULT_NAMESPACE, hash: metainfo.contentId, index: WHOLE_TORRENT };
    const answers = await trackers.announce({
      ...about,
      ...torrent.progress(),
      peer: identity(),
      sizeBytes: metainfo.sizeBytes,
      title: metainfo.name,
      peerCountMax: onPeers === undefined ? 0 : PEERS_WANTED,
    });
    this.#learn(answers);
    if (onPeers !== undefined) onPeers(repliesOf(answers).flatMap(({ peers }) => peers));
    if (repliesOf(answers).some((reply) => !reply.isMetadataKnown) && metainfo.bytes.length <= METADATA_SIZE_MAX) {
      await trackers.putMetadata({ ...about, bytes: metainfo.bytes });
    }
    if (name !== undefined) {
      await trackers.putName({ namespace: DEFAULT_NAMESPACE, hash: metainfo.contentId, ...name });
    }
    const failures = answers.flatMap((answer) => (answer.kind === 'failed' ? [answer.error] : []));
    // One tracker that is away is no trouble while another is there; one that refuses has a reason the user must hear.
    const refusal = failures.find((error) => error instanceof ReportedError);
    if (refusal !== undefined) throw refusal;
    return failures.length === 0;
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

  #scheduleHeartbeat(): void {
    this.#cancelHeartbeat = this.options.timers.after(this.#heartbeatMs, () => {
      void this.#heartbeat().finally(() => this.#scheduleHeartbeat());
    });
  }

  async #heartbeat(): Promise<void> {
    const announced = [...this.#loops].filter(([loop]) => loop.isAnnounced);
    if (announced.length === 0) return;
    const { id, incarnation } = this.options.identity();
    const torrents = announced.map(([, torrent]) => ({
      hash: torrent.metainfo.contentId,
      isComplete: torrent.progress().isComplete,
    }));
    try {
      const request = { namespace: DEFAULT_NAMESPACE, peerId: id, incarnation, torrents };
      const replies = repliesOf(await this.options.trackers.heartbeat(request));
      this.#heartbeatMs = Math.min(...replies.map((reply) => reply.heartbeatIntervalMs), HEARTBEAT_DEFAULT_MS);
      const unknown = new Set(replies.flatMap((reply) => reply.unknown.map(formatContentId)));
      for (const [loop, { metainfo }] of announced) {
        if (unknown.has(formatContentId(metainfo.contentId))) loop.wake();
      }
    } catch (error) {
      this.options.logger.warn('No tracker took the heartbeat', { ...errorReport(error) });
    }
  }

  #learn(answers: TrackerAnswers<AnnounceReply>): void {
    const intervals = repliesOf(answers).map((reply) => reply.heartbeatIntervalMs);
    this.#heartbeatMs = Math.max(100, Math.min(...intervals, HEARTBEAT_DEFAULT_MS));
  }
}

function repliesOf<R>(answers: TrackerAnswers<R>): R[] {
  return answers.flatMap((answer) => (answer.kind === 'answered' ? [answer.reply] : []));
}
