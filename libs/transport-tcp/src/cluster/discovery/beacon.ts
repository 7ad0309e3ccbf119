import type { Socket } from 'node:dgram';
import type { Clock, HostPort, Logger, Random } from '@panal/runtime';
import { DISCOVERY_GROUP, DISCOVERY_PORT, HOST_SIZE_MAX } from '@panal/wire';
import { AddressCache } from '../address-cache.js';
import { type DatagramCounters, SealedSocket } from '../sealed-socket.js';
import { BEACON_FAILURES_MAX } from './discovery-limits.js';

export interface BeaconOptions {
  /** The cluster's secret, 32 bytes. */
  readonly secret: Buffer;
  readonly cluster: string;
  /** Where this tracker is reached; without a host, or with one that means all, whoever hears it takes the sender's address. */
  readonly announced: HostPort;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly onHeard: (address: HostPort) => void;
  /** Where beacons are heard; DISCOVERY_PORT on all IPv4 interfaces unless said otherwise. */
  readonly listen?: HostPort;
  /** Where beacons go; the group and everyone on this subnet unless said otherwise. Multicast addresses are joined. */
  readonly targets?: readonly HostPort[];
  /** Own IPv4 address of the network to join groups in; the system's choice unless said otherwise. */
  readonly networkAddress?: string;
}

interface Target {
  readonly address: HostPort;
  failureCount: number;
}

const EVERYONE = '255.255.255.255';
const ANY_HOSTS = ['', '0.0.0.0', '::'];

/**
 * Says by multicast and broadcast, on one subnet, that a tracker is here, and hears others say so. Sealed, so that only members
 * of the cluster are believed. Optional by nature: where a network refuses it (most overlay networks do) it goes quiet for good,
 * and the other ways to find trackers remain.
 */
export class Beacon {
  readonly #socket: SealedSocket;
  readonly #targets: Set<Target>;
  #isOn = false;

  constructor(private readonly options: BeaconOptions) {
    const { secret, cluster, random, clock, logger } = options;
    const targets = options.targets ?? [DISCOVERY_GROUP, EVERYONE].map((host) => ({ host, port: DISCOVERY_PORT }));
    this.#targets = new Set(targets.map((address) => ({ address, failureCount: 0 })));
    this.#socket = new SealedSocket({
      seal: { secret, cluster, purpose: 'beacon', random },
      clock,
      logger,
      addresses: new AddressCache(clock),
      onDatagram: (from, message) => this.#hear(from, message),
      isShared: true,
    });
  }

  /** Whether it still listens and sends. */
  get isOn(): boolean {
    return this.#isOn;
  }

  get counters(): DatagramCounters {
    return this.#socket.counters;
  }

  /** Never rejects: without its port or any network that takes beacons it stays off. @returns Where it listens. */
  async start(): Promise<HostPort | undefined> {
    const listen = this.options.listen ?? { host: '0.0.0.0', port: DISCOVERY_PORT };
    try {
      const socket = await this.#socket.bind(listen);
      this.#isOn = true;
      socket.setBroadcast(true);
      // Beyond one subnet nobody asked for them.
      socket.setMulticastTTL(1);
      this.#joinGroups(socket);
      return { host: listen.host, port: socket.address().port };
    } catch (error) {
      this.options.logger.info('Trackers are not looked for by beacons.', { error });
      return undefined;
    }
  }

  /** Sends one beacon to each target. */
  send(): void {
    const { host, port } = this.options.announced;
    const message = ANY_HOSTS.includes(host) ? { port } : { host, port };
    for (const target of this.#isOn ? this.#targets : []) {
      this.#socket.send(target.address, message, (error) => this.#sent(target, error));
    }
  }

  async close(): Promise<void> {
    this.#isOn = false;
    await this.#socket.close();
  }

  #joinGroups(socket: Socket): void {
    const { networkAddress, logger } = this.options;
    for (const target of this.#targets) {
      const { host } = target.address;
      if (!isMulticast(host)) continue;
      try {
        if (networkAddress !== undefined) socket.setMulticastInterface(networkAddress);
        socket.addMembership(host, networkAddress);
      } catch (error) {
        logger.debug('A multicast group could not be joined.', { group: host, error });
        this.#drop(target);
      }
    }
  }

  #hear(from: HostPort, message: unknown): void {
    const { host, port } = Object(message) as { readonly host?: unknown; readonly port?: unknown };
    if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65_535) return;
    if (host === undefined) return this.options.onHeard({ host: from.host, port });
    if (typeof host === 'string' && host.length <= HOST_SIZE_MAX && /^[\w.:%-]+$/.test(host)) {
      this.options.onHeard({ host, port });
    }
  }

  #sent(target: Target, error: Error | undefined): void {
    target.failureCount = error === undefined ? 0 : target.failureCount + 1;
    if (target.failureCount < BEACON_FAILURES_MAX || !this.#targets.has(target)) return;
    this.options.logger.debug('A network takes no beacons.', { target: target.address, error });
    this.#drop(target);
  }

  #drop(target: Target): void {
    this.#targets.delete(target);
    if (this.#targets.size > 0 || !this.#isOn) return;
    this.options.logger.info('Trackers are not looked for by beacons: no network takes them.');
    void this.close();
  }
}

function isMulticast(host: string): boolean {
  const first = Number(host.split('.')[0]);
  return first >= 224 && first <= 239;
}
