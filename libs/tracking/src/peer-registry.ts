import type { ClusterRecord } from '@panal/cluster';
import type { Clock } from '@panal/runtime';
import {
  type AnnounceReply,
  type AnnounceRequest,
  type DeregisterReply,
  type DeregisterRequest,
  HEARTBEAT_TORRENTS_MAX,
  type HeartbeatReply,
  type HeartbeatRequest,
  type HeartbeatTorrent,
  type LookupReply,
  type LookupRequest,
} from '@panal/wire';
import { PeerTorrentsFullError, TrackerFullError } from './errors.js';
import { HEARTBEATS_PER_TTL, REFRESHES_PER_LIFE } from './limits.js';
import type { PeerClaims } from './peer-claims.js';
import { areSame, type PeerDirectory, type PeerLease } from './peer-directory.js';
import { type PeerSession, type PeerSessions, recordOf } from './peer-sessions.js';
import type { ReachabilityCheck } from './reachability-check.js';
import { slotOfTorrent } from './record-keys.js';
import type { RecordMaker } from './record-maker.js';
import type { Replicas } from './replicas.js';
import type { ServedEntries } from './served-entries.js';
import type { Swarms } from './swarms.js';
import { MessageTorrent, type TorrentKey, toHex, torrentKey } from './torrent-key.js';
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

  constructor(private readonly options: PeerRegistryOptions) {}

  /** Peers that were silent for too long since the start. */
  get silentCount(): number {
    return this.#silentCount;
  }

  /**
   * Registers a peer for a torrent, or renews it, and hands out others that have it.
   * @param observedHost The address the message came from.
   * @throws PeerNameTakenError, PeerFencedError, PeerTorrentsFullError, TrackerFullError, and what the replicas throw
   */
  async announce(request: AnnounceRequest, observedHost: string): Promise<AnnounceReply> {
    const { claims, make, replicas, swarms } = this.options;
    const session = claims.admit(request.peer, observedHost, this.#now());
    const key = new MessageTorrent(request.namespace, request.hash);
    this.#checkRoom(key, session);
    const records = [...this.#peerRecord(session), make.entry(key, session.peerId, request.isComplete)];
    // Where the torrent is kept, one write tells it all; elsewhere the keeper's answer says whether it lacks a description.
    const slot = slotOfTorrent(key);
    const isHere = replicas.isAuthoritative(slot);
    if (isHere && !this.options.torrents.get(key)?.isDescribed) records.push(make.about(key, request));
    const { copies } = await replicas.write(records);
    this.#checkReachability(session);
    const asked = { key, asker: session.id, peerCountMax: request.peerCountMax };
    const found = replicas.isAuthoritative(slot) ? swarms.findHere(asked) : await swarms.find(asked);
    if (!isHere && !found.isDescribed) await replicas.write([make.about(key, request)]);
    const { peers, seedCount, leechCount, isMetadataKnown } = found;
    return {
      peers,
      seedCount,
      leechCount,
      isMetadataKnown,
      observedHost,
      copies,
      ...this.#rhythm(),
      ...replicas.guide(slot),
    };
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
    const session = claims.renew(toHex(peerId), incarnation, nowMs);
    if (session === undefined) return { unknown: torrents.map(({ hash }) => hash), ...this.#rhythm() };
    this.#checkReachability(session);
    const isRefreshDue = nowMs >= session.refreshDueMs;
    if (isRefreshDue) session.refreshDueMs = nowMs + this.options.lifeMs / REFRESHES_PER_LIFE;
    const records = this.#peerRecord(session);
    const unknown: Uint8Array[] = [];
    for (const torrent of torrents) {
      const word = this.#wordOn(new MessageTorrent(namespace, torrent.hash), session, torrent, isRefreshDue);
      if (word === 'unknown') unknown.push(torrent.hash);
      else if (word !== 'known') records.push(word);
    }
    if (records.length > 0) await replicas.write(records);
    return { unknown, ...this.#rhythm() };
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

  /** The peer's record, when the others do not know it as it is, or not for much longer. */
  #peerRecord(session: PeerSession): ClusterRecord[] {
    const { clock, directory, lifeMs, make, replicas } = this.options;
    const lease = directory.get(session.id);
    const lifeLeftMs = (lease?.serveUntilMs ?? 0) - clock.nowMs();
    const record = recordOf(session, replicas.selfId);
    const isKnown = lease !== undefined && isSameRecord(lease, record);
    const isFresh = lifeLeftMs > lifeMs * (1 - 1 / REFRESHES_PER_LIFE);
    return isKnown && isFresh ? [] : [make.peer(session.id, record)];
  }

  #checkReachability(session: PeerSession): void {
    this.options.reachability.check(session, () => {
      // It may have gone meanwhile; and a failed write is made good by the next beat.
      if (this.options.sessions.get(session.id) !== session) return;
      void this.options.replicas.write(this.#peerRecord(session)).catch(() => undefined);
    });
  }

  #checkRoom(key: TorrentKey, { peerId }: PeerSession): void {
    const { entryCountMax, entries, torrents } = this.options;
    torrents.checkRoom(key);
    if (entries.find(key, peerId) !== undefined) return;
    if (entries.countOf(peerId) >= HEARTBEAT_TORRENTS_MAX) throw new PeerTorrentsFullError(HEARTBEAT_TORRENTS_MAX);
    if (entries.count >= entryCountMax) throw new TrackerFullError('peer entries', entryCountMax);
  }

  #rhythm(): Pick<HeartbeatReply, 'heartbeatIntervalMs' | 'peerTtlMs'> {
    const { peerTtlMs } = this.options;
    return { heartbeatIntervalMs: Math.floor(peerTtlMs / HEARTBEATS_PER_TTL), peerTtlMs };
  }
}

type Word = ClusterRecord | 'known' | 'unknown';

function isSameRecord(lease: PeerLease, record: ReturnType<typeof recordOf>): boolean {
  return (
    lease.session === record.session &&
    lease.name === record.name &&
    lease.incarnation === record.incarnation &&
    lease.isDialable === record.isDialable &&
    lease.isAdvertised === record.isAdvertised &&
    areSame(lease.addresses, record.addresses)
  );
}
