import type { ClusterRecord } from '@panal/cluster';
import type { Clock } from '@panal/runtime';
import { type AnnounceReply, type AnnounceRequest, HEARTBEAT_TORRENTS_MAX } from '@panal/wire';
import { PeerTorrentsFullError, TrackerFullError } from './errors.js';
import type { PeerClaims } from './peer-claims.js';
import type { PeerSession } from './peer-sessions.js';
import type { RecordMaker } from './record-maker.js';
import type { Replicas, WriteReceipt } from './replicas.js';
import type { ServedEntries } from './served-entries.js';
import { isFresh, type SessionRecords } from './session-records.js';
import type { Found, Swarms } from './swarms.js';
import type { EntryState } from './table/entry-reader.js';
import { MessageTorrent } from './torrent-key.js';
import type { TorrentTable } from './torrent-table.js';

export interface AnnouncementsOptions {
  readonly clock: Clock;
  /** How long an entry is served without a newer one. */
  readonly lifeMs: number;
  readonly entryCountMax: number;
  readonly replicas: Replicas;
  readonly entries: ServedEntries;
  readonly claims: PeerClaims;
  readonly make: RecordMaker;
  readonly swarms: Swarms;
  readonly torrents: TorrentTable;
  readonly records: SessionRecords;
  /** When the peer is to beat, as all replies tell. */
  readonly rhythm: Pick<AnnounceReply, 'heartbeatIntervalMs' | 'peerTtlMs'>;
}

/** An announce under way. */
interface Announce {
  readonly request: AnnounceRequest;
  readonly observedHost: string;
  readonly key: MessageTorrent;
  readonly session: PeerSession;
}

/** Takes announces, the message that comes most often: what can be answered at once is answered without a promise. */
export class Announcements {
  constructor(private readonly options: AnnouncementsOptions) {}

  /**
   * Registers a peer for a torrent, or renews it, and hands out others that have it.
   * @param observedHost The address the message came from. @param nowMs Monotonic.
   * @throws PeerNameTakenError, PeerFencedError, PeerTorrentsFullError, TrackerFullError; rejects as the replicas do
   */
  announce(request: AnnounceRequest, observedHost: string, nowMs: number): AnnounceReply | Promise<AnnounceReply> {
    const session = this.options.claims.admit(request.peer, observedHost, nowMs);
    const key = new MessageTorrent(request.namespace, request.hash);
    const announce: Announce = { request, observedHost, key, session };
    const receipt = this.#register(announce);
    return receipt instanceof Promise
      ? receipt.then((later) => this.#answer(announce, later))
      : this.#answer(announce, receipt);
  }

  /** A word that the cluster has already, and for long enough, is not written again: it would only put off the next refresh. */
  #register(announce: Announce): WriteReceipt | Promise<WriteReceipt> {
    const { clock, entries, lifeMs, make, records, replicas, torrents } = this.options;
    const { key, session, request } = announce;
    const nowMs = clock.nowMs();
    const held = entries.find(key, session.peerId, nowMs);
    this.#checkRoom(announce, held);
    const peer = records.due(session);
    // Where the torrent is kept, one write tells it all; elsewhere the keeper's answer says whether it lacks a description.
    const lacksAbout = replicas.isAuthoritative(key.slot) && torrents.get(key)?.isDescribed !== true;
    const { promise } = replicas;
    const isKept = held?.isPromised === true && held.clock >= promise.since && held.isComplete === request.isComplete;
    if (isKept && isFresh(held, nowMs, lifeMs) && peer === undefined && !lacksAbout) return promise;
    const entry = make.entry(key, session.peerId, request.isComplete);
    const written: ClusterRecord[] = peer === undefined ? [entry] : [peer, entry];
    if (lacksAbout) written.push(make.about(key, request));
    const receipt = replicas.write(written);
    const note = (later: WriteReceipt): WriteReceipt => {
      if (later.copies >= promise.copies) entries.notePromised(key, session.peerId, entry.clock);
      return later;
    };
    return receipt instanceof Promise ? receipt.then(note) : note(receipt);
  }

  #answer(announce: Announce, { copies }: WriteReceipt): AnnounceReply | Promise<AnnounceReply> {
    const { records, replicas, swarms } = this.options;
    const { key, session, request } = announce;
    records.checkReachability(session);
    const asked = { key, asker: session.id, peerCountMax: request.peerCountMax };
    return replicas.isAuthoritative(key.slot)
      ? this.#reply(announce, copies, swarms.findHere(asked))
      : this.#answerFromAfar(announce, copies, swarms.find(asked));
  }

  async #answerFromAfar(announce: Announce, copies: number, asked: Promise<Found>): Promise<AnnounceReply> {
    const { make, replicas } = this.options;
    const found = await asked;
    const isHere = replicas.isAuthoritative(announce.key.slot);
    if (!isHere && !found.isDescribed) await replicas.write([make.about(announce.key, announce.request)]);
    return this.#reply(announce, copies, found);
  }

  #reply({ key, observedHost }: Announce, copies: number, found: Found): AnnounceReply {
    const { replicas, rhythm } = this.options;
    const { owners, membersEpoch } = replicas.guide(key.slot);
    return {
      peers: found.peers,
      seedCount: found.seedCount,
      leechCount: found.leechCount,
      isMetadataKnown: found.isMetadataKnown,
      observedHost,
      copies,
      heartbeatIntervalMs: rhythm.heartbeatIntervalMs,
      peerTtlMs: rhythm.peerTtlMs,
      owners,
      membersEpoch,
    };
  }

  #checkRoom({ key, session }: Announce, held: EntryState | undefined): void {
    const { entryCountMax, entries, torrents } = this.options;
    torrents.checkRoom(key);
    if (held !== undefined) return;
    if (entries.countOf(session.peerId) >= HEARTBEAT_TORRENTS_MAX)
      throw new PeerTorrentsFullError(HEARTBEAT_TORRENTS_MAX);
    if (entries.count >= entryCountMax) throw new TrackerFullError('peer entries', entryCountMax);
  }
}
