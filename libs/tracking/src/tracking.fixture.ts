import { keyringOf, makeClusterKey } from '@panal/access';
import { type HostPort, ManualClock, SeededRandom } from '@panal/runtime';
import { createTorrent, FileHasher } from '@panal/torrent';
import { type AnnounceRequest, HybridClock, type PeerIdentity } from '@panal/wire';
import type { Dialback, DialbackOutcome } from './dialback.js';
import { LocalReplicas } from './local-replicas.fixture.js';
import { TrackerTable } from './table/tracker-table.js';
import { Tracking, type TrackingOptions } from './tracking.js';

const LIVES = { softMs: 45 * 60_000, durableTombstoneMs: 10 * 24 * 60 * 60_000 };

/** Answers as the test says, when it says. */
export class ManualDialback implements Dialback {
  readonly dialled: HostPort[] = [];
  readonly #open: { readonly port: number; readonly resolve: (outcome: DialbackOutcome) => void }[] = [];

  dial(address: HostPort): Promise<DialbackOutcome> {
    this.dialled.push(address);
    return new Promise((resolve) => this.#open.push({ port: address.port, resolve }));
  }

  get openCount(): number {
    return this.#open.length;
  }

  /** Ends the oldest dial to `port`, and lets what waits for it run. */
  async answer(port: number, outcome: DialbackOutcome): Promise<void> {
    const at = this.#open.findIndex((one) => one.port === port);
    const [dial] = this.#open.splice(at, 1);
    if (at < 0 || dial === undefined) throw new Error(`nobody dials port ${port}`);
    dial.resolve(outcome);
    await settle();
  }
}

/** Lets every promise that can go on do so: two rounds through the event loop, no time. */
async function settle(): Promise<void> {
  for (let round = 0; round < 2; round += 1) await new Promise((resolve) => setImmediate(resolve));
}

export interface Fixture {
  readonly clock: ManualClock;
  readonly dialback: ManualDialback;
  readonly tracking: Tracking;
  readonly table: TrackerTable;
  /** What the cluster node of a tracker does with every tick. */
  purge(): void;
  /** Stamp of the entry of peer number `number`. */
  clockOf(number: number, hash: Buffer): number;
}

/** @param makeReplicas Other ones than a tracker's that is alone. */
export function makeTracking(
  options: Partial<TrackingOptions> = {},
  makeReplicas = (ports: { clock: ManualClock; table: TrackerTable }): LocalReplicas => new LocalReplicas(ports),
): Fixture {
  const random = new SeededRandom(7);
  const clock = new ManualClock();
  const dialback = new ManualDialback();
  const hybridClock = new HybridClock();
  const table = new TrackerTable({ seed: { low: 1, high: 2 }, lives: LIVES, random });
  const ring = keyringOf(makeClusterKey(random));
  const replicas = makeReplicas({ clock, table });
  const tracking = new Tracking({ clock, hybridClock, random, dialback, table, replicas, ring, ...options });
  const clockOf = (number: number, hash: Buffer): number =>
    table.entries.entry({ namespace: 'default', hash }, Buffer.alloc(16, number), clock.nowMs())?.clock ?? 0;
  const purge = (): void => void table.purge(clock.nowMs(), 1_000);
  return { clock, dialback, tracking, table, purge, clockOf };
}

/** Peer number `number`, which advertises an address of its own. */
export function makePeer(number: number, changes: Partial<PeerIdentity> = {}): PeerIdentity {
  return {
    id: Buffer.alloc(16, number),
    name: `peer-${number}`,
    incarnation: 1_000,
    addresses: [{ network: 'default', host: `192.0.2.${number}`, port: 5550 }],
    dataPort: 5550,
    ...changes,
  };
}

/** A content id of v2; `number` is its first byte, so that a list is in the order of the numbers. */
export function makeHash(number: number): Buffer {
  const hash = Buffer.alloc(32, 0xee);
  hash.writeUInt8(number, 0);
  return hash;
}

export function makeAnnounce(peer: PeerIdentity, changes: Partial<AnnounceRequest> = {}): AnnounceRequest {
  return {
    namespace: 'default',
    hash: makeHash(1),
    index: -1,
    peer,
    isComplete: true,
    chunksDone: 4,
    sizeBytes: 1_000,
    title: 'announced',
    peerCountMax: 50,
    ...changes,
  };
}

/** A real torrent file of `sizeBytes` equal bytes; `comment` is outside of what the content id covers. */
export function makeTorrentFile(
  name: string,
  { sizeBytes = 1_000, comment }: { sizeBytes?: number; comment?: string } = {},
) {
  const chunkSizeBytes = 16 * 1024;
  const hasher = new FileHasher({ sizeBytes, chunkSizeBytes });
  hasher.push(Buffer.alloc(sizeBytes, 1));
  const { piecesRoot, layer } = hasher.finish();
  return createTorrent({
    name,
    isDirectory: false,
    chunkSizeBytes,
    format: 'v2',
    files: [
      { path: [name], sizeBytes, isExecutable: false, layer, ...(piecesRoot === undefined ? {} : { piecesRoot }) },
    ],
    ...(comment === undefined ? {} : { comment }),
  });
}
