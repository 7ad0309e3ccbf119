import type { ClusterRecord } from '@panal/cluster';
import type { Clock } from '@panal/runtime';
import {
  type AnnounceReply,
  type AnnounceRequest,
  type DeregisterReply,
  type DeregisterRequest,
  type HeartbeatReply,
  type HeartbeatRequest,
  type HeartbeatTorrent,
  type LookupReply,
  type LookupRequest,
} from '@panal/wire';
import { Announcements } from './announcements.js';
import { HEARTBEATS_PER_TTL, REFRESHES_PER_LIFE } from './limits.js';
import type { PeerClaims } from './peer-claims.js';
import type { PeerDirectory } from './peer-directory.js';
import type { PeerSession, PeerSessions } from './peer-sessions.js';
import type { ReachabilityCheck } from './reachability-check.js';
import { slotOfTorrent } from './record-keys.js';
import type { RecordMaker } from './record-maker.js';
import type { Replicas } from './replicas.js';
import type { ServedEntries } from './served-entries.js';
import { SessionRecords } from './session-records.js';
import type { Swarms } from './swarms.js';
import { MessageTorrent, recentHex, toHex, torrentKey } from './torrent-key.js';
import type { TorrentTable } from './torrent-table.js';

export interface PeerRegistryOptions {
  readonly clock: Clock;
  readonly peerTtlMs: number;
  /** How long a peer record and an entry are served without a newer one. */
  readonly lifeMs: number;
  readonly entryCountMax: number;
  readonly replicas: Replicas;
  readonly entries: ServedEntries;
  readonly directory: PeerDirectory;
  readonly sessions: PeerSessions;
  readonly claims: PeerClaims;
  readonly make: RecordMaker;
  readonly swarms: Swarms;
  readonly torrents: TorrentTable;
  readonly reachability: ReachabilityCheck;
}

/** Takes what peers say of themselves, and answers who has what. */
export class PeerRegistry {
  #silentCount = 0;

  readonly #records: SessionRecords;
  readonly #announcements: Announcements;
  readonly #rhythm: Pick<HeartbeatReply, 'heartbeatIntervalMs' | 'peerTtlMs'>;

  constructor(private readonly options: PeerRegistryOptions) {
    const { peerTtlMs } = options;
    this.#rhythm = { heartbeatIntervalMs: Math.floor(peerTtlMs / HEARTBEATS_PER_TTL), peerTtlMs };
    this.#records = new SessionRecords(options);
    this.#announcements = new Announcements({ ...options, records: this.#records, rhythm: this.#rhythm });
  }

  /** Peers that were silent for too long since the start. */
  get silentCount(): number {
    return this.#silentCount;
  }

  /**
   * Registers a peer for a torrent, or renews it, and hands out others that have it.
   * @param observedHost The address the message came from.
   * @throws PeerNameTakenError, PeerFencedError, PeerTorrentsFullError, TrackerFullError, and what the replicas throw
   */
  announce(request: AnnounceRequest, observedHost: string): AnnounceReply | Promise<AnnounceReply> {
    return this.#announcements.announce(request, observedHost, this.#now());
  }

  async deregister(request: DeregisterRequest): Promise<DeregisterReply> {
    const key = torrentKey(request);
    const peer = toHex(request.peerId);
    const guide = this.options.replicas.guide(slotOfTorrent(key));
    const wasRegistered = await this.options.swarms.holds(key, peer);
    if (!wasRegistered) return { wasRegistered, ...guide };
    const { copies } = await this.options.replicas.write([this.options.make.entryEnd(key, request.peerId)]);
    return { wasRegistered, copies, ...guide };
  }

  /**
   * Keeps a peer and all torrents it names alive. Most beats only tell that the peer lives; a third of the life of its
   * entries later, one writes them all again.
   * @returns The torrents this tracker keeps and does not have the peer for; all of them when it does not know the peer.
   * @throws PeerFencedError
   */
  async heartbeat({ namespace, peerId, incarnation, torrents }: HeartbeatRequest): Promise<HeartbeatReply> {
    const { claims, replicas } = this.options;
    const nowMs = this.#now();
    const session = claims.renew(recentHex(peerId), incarnation, nowMs);
    if (session === undefined) return { unknown: torrents.map(({ hash }) => hash), ...this.#rhythm };
    this.#records.checkReachability(session);
    const isRefreshDue = nowMs >= session.refreshDueMs;
    if (isRefreshDue) session.refreshDueMs = nowMs + this.options.lifeMs / REFRESHES_PER_LIFE;
    const peer = this.#records.due(session);
    const records: ClusterRecord[] = peer === undefined ? [] : [peer];
    const unknown: Uint8Array[] = [];
    for (const torrent of torrents) {
      const word = this.#wordOn(new MessageTorrent(namespace, torrent.hash), session, torrent, isRefreshDue);
      if (word === 'unknown') unknown.push(torrent.hash);
      else if (word !== 'known') records.push(word);
    }
    if (records.length > 0) await replicas.write(records);
    return { unknown, ...this.#rhythm };
  }

  /** Peers of a torrent. One nobody shares is an empty peer set, not an error. */
  async lookup(request: LookupRequest): Promise<LookupReply> {
    this.#now();
    const key = torrentKey(request);
    const asker = request.peerId === undefined ? undefined : toHex(request.peerId);
    const { peers, seedCount, leechCount } = await this.options.swarms.find({
      key,
      asker,
      peerCountMax: request.peerCountMax,
    });
    return { peers, seedCount, leechCount, ...this.options.replicas.guide(slotOfTorrent(key)) };
  }

  /** Ends the peers of this tracker's sessions that were silent for their time. @returns How many. */
  async endSilent(): Promise<number> {
    const { clock, directory, sessions } = this.options;
    directory.expire(clock.nowMs());
    const silent = sessions.takeSilent(clock.monotonicMs());
    const ends = silent.flatMap(({ id }) => {
      const lease = directory.get(id);
      return lease?.session === this.options.replicas.selfId ? [this.options.make.peerEnd(id, lease.clock + 1)] : [];
    });
    this.#silentCount += ends.length;
    if (ends.length > 0) await this.options.replicas.write(ends);
    return ends.length;
  }

  /** Answers are as of now: whose time is over is gone before, not by the next sweep. */
  #now(): number {
    const { clock, directory, sessions } = this.options;
    const nowMs = clock.monotonicMs();
    if (sessions.hasSilent(nowMs)) this.endSilent().catch(() => undefined);
    else directory.expire(clock.nowMs());
    return nowMs;
  }

  /** What a heartbeat says of one torrent: nothing new, that it is unknown here, or a record to write. */
  #wordOn(key: MessageTorrent, { peerId }: PeerSession, { isComplete }: HeartbeatTorrent, isRefreshDue: boolean): Word {
    const { make, replicas, entries } = this.options;
    if (replicas.isAuthoritative(key.slot)) {
      const held = entries.find(key, peerId);
      if (held === undefined) return 'unknown';
      if (held.isComplete !== isComplete) return make.entry(key, peerId, isComplete);
    }
    return isRefreshDue ? make.entry(key, peerId, isComplete) : 'known';
  }
}

type Word = ClusterRecord | 'known' | 'unknown';
