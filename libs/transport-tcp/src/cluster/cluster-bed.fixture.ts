import type { HostPort } from '@panal/runtime';
import { formatAddress, silentLogger } from '@panal/runtime';
import { bedPorts, bedSecret } from '../rpc/rpc-bed.fixture.js';
import type { LinkTarget } from './cluster-links.js';
import { TcpClusterLinks, type TcpClusterLinksOptions } from './tcp-cluster-links.js';

// For tests: trackers with real sockets on the loopback, which keep what they got.

/** Waits short enough for a test, long enough for a loaded machine. */
const bedLimits = { redialFirstMs: 5, redialMaxMs: 40, redialResetMs: 1_000 };

export const ID_A = 'a'.repeat(32);
export const ID_B = 'b'.repeat(32);
export const ID_C = 'c'.repeat(32);

export interface BedTracker {
  readonly id: string;
  readonly links: TcpClusterLinks;
  readonly address: HostPort;
  /** In the order they came. */
  readonly messages: { readonly from: string; readonly message: unknown }[];
  readonly datagrams: unknown[];
  readonly changes: string[];
  readonly duplicates: number[];
}

export interface BedTrackerOptions extends Partial<Omit<TcpClusterLinksOptions, 'self'>> {
  readonly startedAt?: number;
  readonly listen?: HostPort;
  readonly cluster?: string;
}

/** Starts trackers and ends them all. */
export class ClusterBed {
  readonly #ends: (() => Promise<unknown>)[] = [];

  async tracker(id: string, options: BedTrackerOptions = {}): Promise<BedTracker> {
    const { startedAt = 1, listen = { host: '127.0.0.1', port: 0 }, cluster = 'bed', limits, handlers } = options;
    const kept = { messages: [], datagrams: [], changes: [], duplicates: [] } as Pick<
      BedTracker,
      'messages' | 'datagrams' | 'changes' | 'duplicates'
    >;
    const links = new TcpClusterLinks({
      identity: { role: 'tracker', cluster, principal: `tracker:t${id.slice(0, 1)}` },
      secret: bedSecret,
      ports: bedPorts(),
      logger: silentLogger,
      ...options,
      self: { id, startedAt },
      limits: { ...bedLimits, ...limits },
      handlers: {
        onMessage: (from, message) => void kept.messages.push({ from, message }),
        onRequest: async (_from, _pattern, data) => data,
        onDatagram: (_from, message) => void kept.datagrams.push(message),
        onLink: (other, isUp) => void kept.changes.push(`${other.slice(0, 1)} ${isUp ? 'up' : 'down'}`),
        onDuplicate: (other) => void kept.duplicates.push(other),
        ...handlers,
      },
    });
    this.#ends.push(() => links.close());
    const address = await links.listen(listen);
    return { id, links, address, ...kept };
  }

  onEnd(end: () => Promise<unknown>): void {
    this.#ends.push(end);
  }

  async end(): Promise<void> {
    await Promise.all(this.#ends.splice(0).map((end) => end()));
  }
}

/** The members of a cluster, as each tracker would be told. */
export function introduce(...trackers: readonly BedTracker[]): void {
  const members = trackers.map(({ id, address }) => ({ id, cluster: address }));
  for (const { links } of trackers) links.setMembers(members);
}

export function linkCount({ links }: BedTracker, to: LinkTarget): number {
  const text = typeof to === 'string' ? to : formatAddress(to);
  const found = links.status().find(({ id, address }) => id === text || (address && formatAddress(address) === text));
  return found?.linkCount ?? 0;
}
