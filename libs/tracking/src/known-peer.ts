import { FixedBody, type PeerAddress, type PeerInfo } from '@panal/wire';
import type { PeerLease } from './peer-lease.js';
import { fromHex } from './torrent-key.js';

/**
 * A peer of the directory, one object from its coming to its going, with what a handout asks of it worked out: nearly every
 * reply has ten of them.
 */
export class KnownPeer {
  #lease: PeerLease;
  #isGone = false;
  #network: string | undefined;
  #networks: Networks | undefined;
  #seed: PeerInfo | undefined;
  #leech: PeerInfo | undefined;

  constructor(lease: PeerLease) {
    this.#lease = lease;
    this.#network = onlyNetworkOf(lease);
  }

  get lease(): PeerLease {
    return this.#lease;
  }

  /** It left the directory: when it comes again it is another object. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** For the directory alone. */
  renew(lease: PeerLease): void {
    this.#lease = lease;
    this.#network = onlyNetworkOf(lease);
    this.#networks = undefined;
    this.#seed = undefined;
    this.#leech = undefined;
  }

  /** For the directory alone. */
  end(): void {
    this.#isGone = true;
  }

  /** Those it is on. */
  get networks(): Networks {
    this.#networks ??= { all: new Set(this.#lease.addresses.map(({ network }) => network)), only: this.#network };
    return this.#networks;
  }

  /** Whether it is on one of the networks; anywhere will do when they are not known. */
  isNear(networks: Networks): boolean {
    if (networks.only !== undefined && this.#network === networks.only) return true;
    if (networks.all.size === 0) return true;
    return this.#lease.addresses.some(({ network }) => networks.all.has(network));
  }

  /** As it is handed out: addresses on a network of the asker come first, since it dials them in this order. */
  infoFor(networks: Networks, isComplete: boolean): PeerInfo {
    if (this.#network !== undefined) return this.#info(isComplete);
    const { id, name, addresses } = this.#lease;
    const near = addresses.filter(({ network }) => networks.all.has(network));
    const far = addresses.filter(({ network }) => !networks.all.has(network));
    return { id: fromHex(id), name, addresses: [...near, ...far], isComplete };
  }

  #info(isComplete: boolean): PeerInfo {
    if (isComplete) {
      this.#seed ??= new FixedInfo(this.#lease, true);
      return this.#seed;
    }
    this.#leech ??= new FixedInfo(this.#lease, false);
    return this.#leech;
  }
}

/** The networks an asker is on. */
export interface Networks {
  /** Empty when that is not known. */
  readonly all: ReadonlySet<string>;
  /** If it is one. */
  readonly only: string | undefined;
}

/** Of an asker that nobody knows. */
export const ANYWHERE: Networks = { all: new Set(), only: undefined };

/** Undefined for a peer with more than one address. */
function onlyNetworkOf({ addresses }: PeerLease): string | undefined {
  return addresses.length === 1 ? addresses[0]?.network : undefined;
}

/** A peer as nearly every reply has it: encoded once. */
class FixedInfo extends FixedBody implements PeerInfo {
  readonly id: Uint8Array;
  readonly name: string;
  readonly addresses: readonly PeerAddress[];

  constructor(
    lease: PeerLease,
    readonly isComplete: boolean,
  ) {
    super();
    this.id = fromHex(lease.id);
    this.name = lease.name;
    this.addresses = lease.addresses;
  }
}
