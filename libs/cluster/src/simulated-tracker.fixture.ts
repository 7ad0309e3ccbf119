import type { Clock, HostPort, PanalError, SeededRandom } from '@panal/runtime';
import { HybridClock, PROTOCOL_VERSION, versionsUpTo } from '@panal/wire';
import { ClusterNode, type NodeEffect } from './cluster-node.js';
import { MemoryReplicaTable } from './memory-replica-table.js';
import { QuickPlacement } from './quick-placement.fixture.js';
import { type ClusterRecord, compareRecords, type TrackerId } from './record.js';
import { REPLICATION_DEFAULTS, type ReplicationOptions } from './replication/options.js';

const SEED = { high: 0x0bad_cafe, low: 0x5eed_5eed };

/** A write of a client and what came of it. */
export interface SimulatedWrite {
  readonly records: readonly ClusterRecord[];
  readonly atMs: number;
  copies?: number;
  error?: PanalError;
  answeredAtMs?: number;
}

export interface TrackerOptions {
  readonly name: string;
  readonly seeds: readonly string[];
  readonly zone?: string;
  readonly skewMs?: number;
  /** Highest version of the protocol it speaks; that of this release unless said otherwise. */
  readonly protocolMax?: number;
  /** That of a former process. */
  readonly id?: TrackerId;
  /** What a former process left on the disk. */
  readonly disk?: readonly ClusterRecord[];
}

/** One process. After `kill` it does nothing any more, and what it had in memory and in flight is gone. */
export class SimulatedTracker {
  readonly table = new MemoryReplicaTable({ seed: SEED, lives: REPLICATION_DEFAULTS.lives });
  readonly hybridClock = new HybridClock();
  readonly node: ClusterNode;
  readonly effects: NodeEffect[] = [];
  readonly writes = new Map<number, SimulatedWrite>();
  readonly disk = new Map<string, ClusterRecord>();
  isRunning = true;
  hasLeft = false;
  isFlushPlanned = false;

  constructor(
    readonly id: TrackerId,
    readonly options: TrackerOptions,
    replication: Partial<ReplicationOptions>,
    readonly clock: Clock,
    random: SeededRandom,
  ) {
    for (const record of options.disk ?? []) {
      this.table.apply(record, clock.nowMs());
      this.keep(record);
    }
    this.node = new ClusterNode({
      self: {
        id,
        name: options.name,
        startedAt: this.hybridClock.tick(clock.nowMs()),
        rpc: { host: options.name, port: 5555 },
        cluster: { host: options.name, port: 5560 },
        zone: options.zone ?? '',
        weight: 1,
        protocol: options.protocolMax ?? PROTOCOL_VERSION,
      },
      clock,
      random,
      hybridClock: this.hybridClock,
      table: this.table,
      config: {
        clusterName: 'test',
        protocols: versionsUpTo(options.protocolMax ?? PROTOCOL_VERSION),
        seeds: options.seeds.map(addressOf),
        replication,
        makePlacement: () => new QuickPlacement(),
      },
    });
  }

  get name(): string {
    return this.options.name;
  }

  keep(record: ClusterRecord): void {
    const key = `${record.slot} ${record.key.toString('hex')}`;
    const former = this.disk.get(key);
    if (former === undefined || compareRecords(record, former) > 0) this.disk.set(key, record);
  }

  holds(record: ClusterRecord): boolean {
    const held = this.table.get(record.key, record.slot);
    return held !== undefined && compareRecords(held, record) >= 0;
  }
}

export function addressOf(host: string): HostPort {
  return { host, port: 5560 };
}
