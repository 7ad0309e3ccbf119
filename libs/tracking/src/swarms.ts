import { HANDOUT_PEERS_MAX, type LookupReply, type PeerAddress, type PeerInfo } from '@panal/wire';
import type { HandoutPolicy } from './handout-policy.js';
import { HANDOUT_CANDIDATES_MAX } from './limits.js';
import { mergeLookups } from './merge.js';
import type { PeerDirectory } from './peer-directory.js';
import type { PeerSource } from './peer-entry.js';
import { slotOfTorrent } from './record-keys.js';
import type { Routes } from './routes.js';
import type { ServedEntries } from './served-entries.js';
import type { TorrentKey } from './torrent-key.js';
import type { TorrentTable } from './torrent-table.js';

export interface SwarmsOptions {
  readonly entries: ServedEntries;
  readonly directory: PeerDirectory;
  readonly torrents: TorrentTable;
  readonly policy: HandoutPolicy;
  readonly routes: Routes;
}

/** Who has a torrent, asked for by a peer or a client. */
export interface FindRequest extends TorrentKey {
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
    return this.options.routes.answer<Found>({
      slot: slotOfTorrent(request),
      kind: 'find',
      data: request,
      here: () => this.findHere(request),
      read: readFound,
      merge: (replies) => ({
        ...mergeLookups(replies, request.peerCountMax),
        isMetadataKnown: replies.some(({ isMetadataKnown }) => isMetadataKnown),
        isDescribed: replies.some(({ isDescribed }) => isDescribed),
      }),
    });
  }

  /** What this tracker itself knows. */
  findHere({ namespace, torrent, asker, peerCountMax }: FindRequest): Found {
    const key = { namespace, torrent };
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
      data: { ...key, peer },
      here: () => this.holdsHere(key, peer),
      read: (value) => value === true,
      merge: (replies) => replies.includes(true),
    });
  }

  holdsHere(key: TorrentKey, peer: string): boolean {
    return this.options.entries.find(key, peer) !== undefined;
  }

  #handout(key: TorrentKey, asker: string | undefined, peerCountMax: number): readonly PeerInfo[] {
    const { entries, directory, policy } = this.options;
    const sources: PeerSource[] = [];
    const accept = (peer: string): boolean => peer !== asker && directory.get(peer)?.isDialable === true;
    for (const { peer, isComplete } of entries.sample(key, HANDOUT_CANDIDATES_MAX, accept)) {
      const lease = directory.get(peer);
      if (lease !== undefined) sources.push({ lease, isComplete });
    }
    const askerAddresses = asker === undefined ? [] : (directory.get(asker)?.addresses ?? []);
    const networks = new Set(askerAddresses.map(({ network }) => network));
    const chosen = policy.choose({ sources, networks, peerCountMax });
    return chosen.slice(0, peerCountMax).map((source) => peerInfo(source, networks));
  }
}

/** Addresses on a network of the asker come first: the asker dials them in this order. */
function peerInfo({ lease, isComplete }: PeerSource, networks: ReadonlySet<string>): PeerInfo {
  const near = lease.addresses.filter(({ network }) => networks.has(network));
  const far = lease.addresses.filter(({ network }) => !networks.has(network));
  return { id: Buffer.from(lease.id, 'hex'), name: lease.name, addresses: [...near, ...far], isComplete };
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
