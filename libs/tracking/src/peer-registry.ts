import { type Clock, formatAddress, type HostPort } from '@panal/runtime';
import {
  type AnnounceReply,
  type AnnounceRequest,
  type DeregisterReply,
  type DeregisterRequest,
  HEARTBEAT_TORRENTS_MAX,
  type HeartbeatReply,
  type HeartbeatRequest,
  type LookupReply,
  type LookupRequest,
  type PeerInfo,
} from '@panal/wire';
import { PeerFencedError, PeerNameTakenError, PeerTorrentsFullError } from './errors.js';
import type { HandoutPolicy } from './handout-policy.js';
import { HEARTBEATS_PER_TTL } from './limits.js';
import type { Claim, PeerDirectory, PeerLease } from './peer-directory.js';
import type { PeerEntries } from './peer-entries.js';
import type { PeerSource } from './peer-entry.js';
import type { ReachabilityCheck } from './reachability-check.js';
import { type TorrentKey, toHex, torrentKey } from './torrent-key.js';
import type { TorrentTable } from './torrent-table.js';

export interface PeerRegistryOptions {
  readonly clock: Clock;
  readonly peerTtlMs: number;
  readonly directory: PeerDirectory;
  readonly entries: PeerEntries;
  readonly torrents: TorrentTable;
  readonly reachability: ReachabilityCheck;
  readonly policy: HandoutPolicy;
}

/** What `expire` dropped. */
export interface Expired {
  readonly entryCount: number;
  readonly peerCount: number;
}

/** Which peers have which torrent. Every answer is as of now: what has expired is dropped before, not by the next sweep. */
export class PeerRegistry {
  #expiredEntryCount = 0;
  #expiredPeerCount = 0;

  constructor(private readonly options: PeerRegistryOptions) {}

  /**
   * Registers a peer for a torrent, or renews it, and hands out others that have it.
   * @param observedHost The address the message came from.
   * @throws PeerNameTakenError, PeerFencedError, PeerTorrentsFullError, TrackerFullError
   */
  async announce(request: AnnounceRequest, observedHost: string): Promise<AnnounceReply> {
    const { entries, peerTtlMs } = this.options;
    const nowMs = this.#now();
    const claim = this.options.directory.claim({ identity: request.peer, observedHost, nowMs });
    if (claim.kind !== 'held') throw this.#refuse(claim, request.peer.name);
    const { lease } = claim;
    const key = torrentKey(request);
    // What a former process shared counts only once this one announces it again.
    if (claim.isNewProcess) await entries.removePeer(lease.id);
    if (entries.countOf(lease.id) >= HEARTBEAT_TORRENTS_MAX && !entries.has(key, lease.id)) {
      throw new PeerTorrentsFullError(HEARTBEAT_TORRENTS_MAX);
    }
    const entry = { isComplete: request.isComplete, chunksDone: request.chunksDone };
    const row = await entries.put({ key, peer: lease.id, entry, expiresAtMs: nowMs + peerTtlMs });
    if (!row.hasMetadata) {
      row.title = request.title;
      row.sizeBytes = request.sizeBytes;
    }
    this.options.reachability.check(lease);
    const found = this.#find(key, lease.id, request.peerCountMax);
    return { ...found, ...this.#rhythm(), isMetadataKnown: row.hasMetadata, observedHost };
  }

  async deregister(request: DeregisterRequest): Promise<DeregisterReply> {
    this.#now();
    return { wasRegistered: await this.options.entries.remove(torrentKey(request), toHex(request.peerId)) };
  }

  /**
   * Keeps a peer and all torrents it names alive.
   * @returns The torrents this tracker does not have the peer for; all of them when it does not know the peer.
   * @throws PeerFencedError
   */
  async heartbeat({ namespace, peerId, incarnation, torrents }: HeartbeatRequest): Promise<HeartbeatReply> {
    const nowMs = this.#now();
    const peer = toHex(peerId);
    const claim = this.options.directory.renew(peer, incarnation, nowMs);
    if (claim === undefined) return { unknown: torrents.map(({ hash }) => hash), ...this.#rhythm() };
    if (claim.kind !== 'held') throw this.#refuse(claim, claim.holder.name);
    this.options.reachability.check(claim.lease);
    const expiresAtMs = nowMs + this.options.peerTtlMs;
    const isKnown = await Promise.all(
      torrents.map(({ hash, isComplete }) =>
        this.options.entries.refresh({ key: torrentKey({ namespace, hash }), peer, isComplete, expiresAtMs }),
      ),
    );
    return { unknown: torrents.filter((_, at) => isKnown[at] !== true).map(({ hash }) => hash), ...this.#rhythm() };
  }

  /** Peers of a torrent. One nobody shares is an empty peer set, not an error. */
  lookup(request: LookupRequest): LookupReply {
    this.#now();
    const asker = request.peerId === undefined ? undefined : toHex(request.peerId);
    return this.#find(torrentKey(request), asker, request.peerCountMax);
  }

  /** Drops entries and peers whose time is over. Idle trackers need it; a busy one does it with every message. */
  expire(nowMs: number): Expired {
    const entryCount = this.options.entries.expire(nowMs);
    const peerCount = this.options.directory.expire(nowMs).length;
    this.#expiredEntryCount += entryCount;
    this.#expiredPeerCount += peerCount;
    return { entryCount, peerCount };
  }

  /** All that was ever dropped because its time was over, by a sweep or by a message. */
  get expiredSoFar(): Expired {
    return { entryCount: this.#expiredEntryCount, peerCount: this.#expiredPeerCount };
  }

  #now(): number {
    const nowMs = this.options.clock.monotonicMs();
    this.expire(nowMs);
    return nowMs;
  }

  #rhythm(): Pick<HeartbeatReply, 'heartbeatIntervalMs' | 'peerTtlMs'> {
    const { peerTtlMs } = this.options;
    return { heartbeatIntervalMs: Math.floor(peerTtlMs / HEARTBEATS_PER_TTL), peerTtlMs };
  }

  #refuse(claim: Exclude<Claim, { kind: 'held' }>, name: string): Error {
    const { holder } = claim;
    const address = formatAddress(holder.addresses[0] as HostPort);
    if (claim.kind === 'fenced' && claim.reason === 'newer process') {
      return new PeerFencedError(name, address, claim.reason);
    }
    this.options.reachability.probe(holder, () => this.#bury(holder));
    return claim.kind === 'fenced'
      ? new PeerFencedError(name, address, claim.reason)
      : new PeerNameTakenError(name, address);
  }

  /** The holder's process is gone: its successor need not wait for the lease to end. */
  #bury(holder: PeerLease): void {
    this.options.directory.release(holder.id);
    void this.options.entries.removePeer(holder.id);
  }

  #find(key: TorrentKey, asker: string | undefined, peerCountMax: number): LookupReply {
    const row = this.options.torrents.get(key);
    if (row === undefined) return { peers: [], seedCount: 0, leechCount: 0 };
    if (peerCountMax > 0) row.requestCount += 1;
    const peers = peerCountMax > 0 ? this.#handout(key, asker, peerCountMax) : [];
    return { peers, seedCount: row.seedCount, leechCount: row.leechCount };
  }

  #handout(key: TorrentKey, asker: string | undefined, peerCountMax: number): readonly PeerInfo[] {
    const sources: PeerSource[] = [];
    for (const {
      key: { member },
      value,
    } of this.options.entries.of(key)) {
      const lease = this.options.directory.get(member);
      if (member !== asker && lease !== undefined && isDialable(lease))
        sources.push({ lease, isComplete: value.isComplete });
    }
    const askerAddresses = asker === undefined ? [] : (this.options.directory.get(asker)?.addresses ?? []);
    const networks = new Set(askerAddresses.map(({ network }) => network));
    const chosen = this.options.policy.choose({ sources, networks, peerCountMax });
    return chosen.slice(0, peerCountMax).map((source) => peerInfo(source, networks));
  }
}

function isDialable({ reachability }: PeerLease): boolean {
  return reachability.kind === 'advertised' || reachability.kind === 'reachable';
}

/** Addresses on a network of the asker come first: the asker dials them in this order. */
function peerInfo({ lease, isComplete }: PeerSource, networks: ReadonlySet<string>): PeerInfo {
  const near = lease.addresses.filter(({ network }) => networks.has(network));
  const far = lease.addresses.filter(({ network }) => !networks.has(network));
  return { id: Buffer.from(lease.id, 'hex'), name: lease.name, addresses: [...near, ...far], isComplete };
}
