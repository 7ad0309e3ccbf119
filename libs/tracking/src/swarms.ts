import {
  FixedBody,
  HANDOUT_PEERS_MAX,
  type LookupReply,
  mergeLookups,
  type PeerAddress,
  type PeerInfo,
} from '@panal/wire';
import type { HandoutPolicy } from './handout-policy.js';
import { HANDOUT_CANDIDATES_MAX, HANDOUT_CHOICE, SINGLE_NETWORKS_MAX } from './limits.js';
import type { PeerDirectory, PeerLease } from './peer-directory.js';
import type { PeerSource } from './peer-entry.js';
import { slotOfTorrent } from './record-keys.js';
import type { Routes } from './routes.js';
import type { ServedEntries } from './served-entries.js';
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
  /** Leases as they are handed out to askers whose networks change nothing: the same for nearly every reply. */
  readonly #infos = new WeakMap<PeerLease, Readonly<Record<'seed' | 'leech', PeerInfo>>>();

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
    const askerAddresses = asker === undefined ? [] : (directory.get(asker)?.addresses ?? []);
    const networks = networksOf(askerAddresses);
    const nearCountMax = peerCountMax * (policy.choice ?? HANDOUT_CHOICE);
    const leases: PeerLease[] = [];
    let nearCount = 0;
    // Drawn at random, complete ones first: the first that are near are as good as any, so there is no need to see them all.
    const accept = (peer: string): boolean | 'last' => {
      const lease = peer === asker ? undefined : directory.get(peer);
      if (lease?.isDialable !== true) return false;
      leases.push(lease);
      if (isNear(lease, networks)) nearCount += 1;
      return nearCount < nearCountMax ? true : 'last';
    };
    const sampled = entries.sample(key, { count: HANDOUT_CANDIDATES_MAX, accept });
    const sources: PeerSource[] = [];
    for (let at = 0; at < sampled.length; at += 1) {
      sources.push({ lease: leases[at] as PeerLease, isComplete: sampled[at]?.isComplete === true });
    }
    const chosen = policy.choose({ sources, networks, peerCountMax });
    const infos: PeerInfo[] = [];
    for (const source of chosen) if (infos.length < peerCountMax) infos.push(this.#peerInfo(source, networks));
    return infos;
  }

  /** Addresses on a network of the asker come first: the asker dials them in this order. */
  #peerInfo({ lease, isComplete }: PeerSource, networks: ReadonlySet<string>): PeerInfo {
    if (lease.addresses.length === 1) return this.#plainInfo(lease, isComplete);
    const near = lease.addresses.filter(({ network }) => networks.has(network));
    const far = lease.addresses.filter(({ network }) => !networks.has(network));
    return { id: fromHex(lease.id), name: lease.name, addresses: [...near, ...far], isComplete };
  }

  #plainInfo(lease: PeerLease, isComplete: boolean): PeerInfo {
    let infos = this.#infos.get(lease);
    if (infos === undefined) {
      const { name, addresses } = lease;
      const id = fromHex(lease.id);
      infos = { seed: new FixedInfo(id, name, addresses, true), leech: new FixedInfo(id, name, addresses, false) };
      this.#infos.set(lease, infos);
    }
    return infos[isComplete ? 'seed' : 'leech'];
  }
}

/** A peer as nearly every reply has it: encoded once. */
class FixedInfo extends FixedBody implements PeerInfo {
  constructor(
    readonly id: Uint8Array,
    readonly name: string,
    readonly addresses: readonly PeerAddress[],
    readonly isComplete: boolean,
  ) {
    super();
  }
}

/** Sets of one network, which is what nearly all peers are on: the same one for all of them. */
const single = new Map<string, ReadonlySet<string>>();

function networksOf(addresses: readonly PeerAddress[]): ReadonlySet<string> {
  const [only] = addresses;
  if (only === undefined || addresses.length > 1) return new Set(addresses.map(({ network }) => network));
  let networks = single.get(only.network);
  if (networks === undefined) {
    networks = new Set([only.network]);
    if (single.size < SINGLE_NETWORKS_MAX) single.set(only.network, networks);
  }
  return networks;
}

function isNear({ addresses }: PeerLease, networks: ReadonlySet<string>): boolean {
  if (networks.size === 0) return true;
  const [only] = addresses;
  if (only !== undefined && addresses.length === 1) return networks.has(only.network);
  return addresses.some(({ network }) => networks.has(network));
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
