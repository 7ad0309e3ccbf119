import { HANDOUT_PEERS_MAX, type LookupReply, mergeLookups, type PeerAddress, type PeerInfo } from '@panal/wire';
import type { HandoutPolicy } from './handout-policy.js';
import { ANYWHERE, KnownPeer } from './known-peer.js';
import { HANDOUT_CANDIDATES_MAX, HANDOUT_CHOICE } from './limits.js';
import type { PeerDirectory } from './peer-directory.js';
import type { PeerSource } from './peer-entry.js';
import type { PeerLease } from './peer-lease.js';
import { slotOfTorrent } from './record-keys.js';
import type { Routes } from './routes.js';
import type { ServedEntries } from './served-entries.js';
import type { PeerHandle } from './table/peer-handle.js';
import { fromHex, type TorrentKey } from './torrent-key.js';
import type { TorrentTable } from './torrent-table.js';

export interface SwarmsOptions {
  readonly entries: ServedEntries;
  readonly directory: PeerDirectory;
  readonly torrents: TorrentTable;
  readonly policy: HandoutPolicy;
  readonly routes: Routes;
}

/** Who has a torrent, asked for by a peer or a client. */
export interface FindRequest {
  readonly key: TorrentKey;
  /** Peer id in hex, to be left out of the answer. */
  readonly asker: string | undefined;
  readonly peerCountMax: number;
}

/** What a tracker knows of a torrent when somebody asks for its peers. */
export interface Found extends LookupReply {
  readonly isMetadataKnown: boolean;
  /** Its title and size are known. */
  readonly isDescribed: boolean;
}

/** The peers of each torrent. */
export class Swarms {
  constructor(private readonly options: SwarmsOptions) {}

  /** Peers of a torrent, from wherever it is kept. One nobody shares is an empty peer set, not an error. */
  find(request: FindRequest): Promise<Found> {
    const { key, asker, peerCountMax } = request;
    return this.options.routes.answer<Found>({
      slot: slotOfTorrent(key),
      kind: 'find',
      data: { namespace: key.namespace, torrent: key.torrent, asker, peerCountMax },
      here: () => this.findHere(request),
      read: readFound,
      merge: (replies) => ({
        ...mergeLookups(replies, peerCountMax),
        isMetadataKnown: replies.some(({ isMetadataKnown }) => isMetadataKnown),
        isDescribed: replies.some(({ isDescribed }) => isDescribed),
      }),
    });
  }

  /** What this tracker itself knows. */
  findHere({ key, asker, peerCountMax }: FindRequest): Found {
    const row = this.options.torrents.get(key);
    if (row !== undefined && peerCountMax > 0) row.requestCount += 1;
    const { seedCount, leechCount } = this.options.entries.counts(key);
    return {
      peers: peerCountMax > 0 && seedCount + leechCount > 0 ? this.#handout(key, asker, peerCountMax) : [],
      seedCount,
      leechCount,
      isMetadataKnown: row?.hasMetadata ?? false,
      isDescribed: row?.isDescribed ?? false,
    };
  }

  /** Whether a peer is registered for a torrent, as far as those know that keep it. */
  holds(key: TorrentKey, peer: string): Promise<boolean> {
    return this.options.routes.answer<boolean>({
      slot: slotOfTorrent(key),
      kind: 'holds',
      data: { namespace: key.namespace, torrent: key.torrent, peer },
      here: () => this.holdsHere(key, peer),
      read: (value) => value === true,
      merge: (replies) => replies.includes(true),
    });
  }

  holdsHere(key: TorrentKey, peer: string): boolean {
    return this.options.entries.find(key, fromHex(peer)) !== undefined;
  }

  #handout(key: TorrentKey, asker: string | undefined, peerCountMax: number): readonly PeerInfo[] {
    const { entries, directory, policy } = this.options;
    const self = asker === undefined ? undefined : directory.known(asker);
    const networks = self?.networks ?? ANYWHERE;
    const nearCountMax = peerCountMax * (policy.choice ?? HANDOUT_CHOICE);
    const sources: Candidate[] = [];
    let nearCount = 0;
    // Drawn at random, complete ones first: the first that are near are as good as any, so there is no need to see them all.
    const accept = (handle: PeerHandle, isComplete: boolean): boolean | 'last' => {
      const peer = this.#knownPeer(handle);
      if (peer?.lease.isDialable !== true || peer === self) return false;
      const isNear = peer.isNear(networks);
      if (isNear) nearCount += 1;
      sources.push(new Candidate(peer, isComplete, isNear));
      return nearCount < nearCountMax ? true : 'last';
    };
    entries.sample(key, { count: HANDOUT_CANDIDATES_MAX, accept });
    const infos: PeerInfo[] = [];
    for (const source of policy.choose({ sources, networks: networks.all, peerCountMax })) {
      if (infos.length >= peerCountMax) break;
      if (source instanceof Candidate) infos.push(source.peer.infoFor(networks, source.isComplete));
    }
    return infos;
  }

  /** Looked up once for as long as the peer stays. */
  #knownPeer(handle: PeerHandle): KnownPeer | undefined {
    const { note } = handle;
    if (note instanceof KnownPeer && !note.isGone) return note;
    const known = this.options.directory.known(handle.id);
    handle.note = known;
    return known;
  }
}

class Candidate implements PeerSource {
  constructor(
    readonly peer: KnownPeer,
    readonly isComplete: boolean,
    readonly isNear: boolean,
  ) {}

  get lease(): PeerLease {
    return this.peer.lease;
  }
}

/** Another tracker's answer, as far as it makes sense: trackers trust each other, but not each other's release. */
function readFound(value: unknown): Found {
  const { peers, seedCount, leechCount, isMetadataKnown, isDescribed } = (value ?? {}) as Partial<Found>;
  return {
    peers: Array.isArray(peers) ? peers.slice(0, HANDOUT_PEERS_MAX).flatMap(readPeer) : [],
    seedCount: Number(seedCount ?? 0),
    leechCount: Number(leechCount ?? 0),
    isMetadataKnown: isMetadataKnown === true,
    isDescribed: isDescribed === true,
  };
}

function readPeer(value: unknown): PeerInfo[] {
  const { id, name, addresses, isComplete } = (value ?? {}) as Partial<PeerInfo>;
  if (!(id instanceof Uint8Array) || typeof name !== 'string' || !Array.isArray(addresses)) return [];
  return [{ id, name, addresses: addresses as readonly PeerAddress[], isComplete: isComplete === true }];
}
