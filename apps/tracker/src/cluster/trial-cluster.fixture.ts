import { makeClusterKeyring } from '@panal/access';
import { type ClusterRecord, slotOf } from '@panal/cluster';
import { SystemRandom, SystemTimers } from '@panal/nest';
import { ManualClock, type PanalError, silentLogger } from '@panal/runtime';
import { TrackerTable } from '@panal/tracking';
import { HybridClock } from '@panal/wire';
import { configOf } from '../tracker.fixture.js';
import { type OpenCluster, openCluster } from './open-cluster.js';
import { digestSeed, lifetimes } from './tracker-profile.js';

const LIFE_MS = 60_000;
const TICK_MS = 25;

/** A tracker's part in a cluster, on loopback, with no Nest around it: time passes, and it ticks, when told to. */
export interface TrialCluster {
  readonly cluster: OpenCluster;
  readonly clock: ManualClock;
  readonly fatal: readonly PanalError[];
  readonly tick: (count: number) => void;
  readonly record: (name: string) => ClusterRecord;
}

export async function openTrialCluster(...argv: string[]): Promise<TrialCluster> {
  const config = configOf('--listen', '127.0.0.1:0', '--key-file', 'none.key', '--name', 't1', ...argv);
  const clock = new ManualClock();
  const random = new SystemRandom();
  const hybridClock = new HybridClock();
  const ring = makeClusterKeyring(random);
  const id = random.bytes(16).toString('hex');
  const fatal: PanalError[] = [];
  const cluster = await openCluster({
    config,
    id,
    ring,
    folder: undefined,
    table: new TrackerTable({ seed: digestSeed(ring.origin.digestSeed), lives: lifetimes(LIFE_MS), random }),
    lifeMs: LIFE_MS,
    rpc: { host: '127.0.0.1', port: 5555 },
    ports: { clock, random, hybridClock, timers: new SystemTimers() },
    logger: silentLogger,
    onFatal: (error) => fatal.push(error),
  });
  const tick = (count: number): void => {
    for (let left = count; left > 0; left -= 1) {
      clock.advance(TICK_MS);
      cluster.runtime.tick();
    }
  };
  const record = (name: string): ClusterRecord => {
    const key = Buffer.from(name);
    const nowMs = clock.nowMs();
    return {
      key,
      slot: slotOf(key),
      recordClass: 'soft',
      clock: hybridClock.tick(nowMs),
      origin: Number.parseInt(id.slice(0, 12), 16),
      isDead: false,
      serveUntilMs: nowMs + LIFE_MS,
      value: Buffer.from('value'),
    };
  };
  return { cluster, clock, fatal, tick, record };
}
