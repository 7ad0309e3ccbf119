import type { Clock } from '@panal/runtime';
import { CLOCK_AHEAD_MAX_MS, type HybridClock } from '@panal/wire';
import type { ClusterRecord } from '../record.js';
import type { ReplicaTable } from '../replica-table.js';
import type { ReplicationCounters } from './counters.js';

const STAMPS_PER_MS = 4096;

const NONE: readonly number[] = [];

export interface RecordIntakeOptions {
  readonly table: ReplicaTable;
  readonly clock: Clock;
  readonly hybridClock: HybridClock;
  readonly counters: ReplicationCounters;
  /** Told of each record that changed the table. */
  readonly onApplied: (record: ClusterRecord) => void;
}

/** What took place with some records that came. */
export interface Intake {
  /** Records that were news. */
  readonly appliedCount: number;
  /** Slots of records that were refused for their stamp, which this tracker therefore does not hold. */
  readonly refusedSlots: readonly number[];
}

/**
 * The one way into the table. A stamp more than CLOCK_AHEAD_MAX_MS ahead is refused and counted: it would win every conflict
 * until then. A record whose time is over needs no copy, so that it was not taken is no failure.
 */
export class RecordIntake {
  constructor(private readonly options: RecordIntakeOptions) {}

  take(records: readonly ClusterRecord[]): Intake {
    const { table, clock, hybridClock, counters, onApplied } = this.options;
    const nowMs = clock.nowMs();
    const stampMax = (nowMs + CLOCK_AHEAD_MAX_MS) * STAMPS_PER_MS;
    let refusedSlots: number[] | undefined;
    let appliedCount = 0;
    let latest = 0;
    for (const record of records) {
      if (record.clock > stampMax) {
        counters.clockRefused += 1;
        refusedSlots ??= [];
        refusedSlots.push(record.slot);
        continue;
      }
      if (record.clock > latest) latest = record.clock;
      const result = table.apply(record, nowMs);
      if (result === 'expired') counters.expiredRefused += 1;
      else if (result === 'applied') {
        appliedCount += 1;
        onApplied(record);
      }
    }
    if (latest > hybridClock.last) hybridClock.observe(latest, nowMs);
    return { appliedCount, refusedSlots: refusedSlots ?? NONE };
  }
}
