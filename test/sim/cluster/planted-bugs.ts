import { type ApplyResult, type ClusterRecord, MemoryReplicaTable, type ReplicaTable } from '@panal/cluster';

/**
 * Mistakes that others made or that are easy to make, one for each invariant at least. The simulator makes them on purpose,
 * around the product and never inside it, to prove that it would see them.
 */
export const PLANTED_BUGS = [
  /** I1: the client is told that its write is safe when two trackers have it. */
  'ack at two',
  /** I1: a tracker that is no longer owner forgets a slot before the owners said that they have it. */
  'drop before confirmation',
  /** I2: trackers never compare what they hold. */
  'no comparison',
  /** I3: a copy is served as long as if it were the original. */
  'expiry restarted on copy',
  /** I3: a tombstone is forgotten before everything that it hides. */
  'tombstone purged early',
  /** I4: stamps count writes and know no time. */
  'lamport stamps',
  /** I5: a tracker that starts again stamps from its wall clock, wherever that may be. */
  'clock not kept',
  /** I6: a replaced record stays in the digest. */
  'digest not updated',
  /** I7: every tracker that is well leads. */
  'everyone leads',
  /** I8: answers to writes are lost and the writes wait for ever. */
  'queue never drained',
] as const;

export type PlantedBug = (typeof PLANTED_BUGS)[number];

type TableOptions = ConstructorParameters<typeof MemoryReplicaTable>[0];

/** The table of a tracker, with the mistake that lies in tables. */
export function makeTable(options: TableOptions, bug: PlantedBug | undefined): ReplicaTable {
  if (bug === 'expiry restarted on copy') return new RestartedExpiryTable(options);
  if (bug === 'tombstone purged early') return new HastyTable(options);
  if (bug === 'digest not updated') return new StaleDigestTable(options);
  return new MemoryReplicaTable(options);
}

class RestartedExpiryTable extends MemoryReplicaTable {
  override apply(record: ClusterRecord, nowMs: number): ApplyResult {
    const stampedAtMs = Math.floor(record.clock / 4096);
    const leaseMs = record.serveUntilMs - stampedAtMs;
    const isEndless = record.isDead || record.serveUntilMs === Number.POSITIVE_INFINITY;
    const serveUntilMs = isEndless ? record.serveUntilMs : Math.max(record.serveUntilMs, nowMs + leaseMs);
    return super.apply({ ...record, serveUntilMs }, nowMs);
  }
}

const HASTY_PURGE_MS = 2000;

/** Forgets its tombstones after two seconds, one slot with tombstones at each purge. */
class HastyTable extends MemoryReplicaTable {
  readonly #dead = new Map<number, number>();

  override apply(record: ClusterRecord, nowMs: number): ApplyResult {
    const result = super.apply(record, nowMs);
    if (result === 'applied' && record.isDead) this.#dead.set(record.slot, nowMs);
    return result;
  }

  override purge(nowMs: number, limit: number): number {
    for (const [slot, sinceMs] of this.#dead) {
      if (nowMs - sinceMs < HASTY_PURGE_MS) continue;
      this.#dead.delete(slot);
      const kept = [...this.records(slot)].filter(({ isDead }) => !isDead);
      this.dropSlot(slot);
      for (const record of kept) super.apply(record, nowMs);
    }
    return super.purge(nowMs, limit);
  }
}

/** One replacement in a hundred is not told to the digests. */
class StaleDigestTable extends MemoryReplicaTable {
  #replacements = 0;

  override apply(record: ClusterRecord, nowMs: number): ApplyResult {
    const former = this.get(record.key, record.slot);
    const result = super.apply(record, nowMs);
    if (result !== 'applied' || former === undefined) return result;
    this.#replacements += 1;
    if (this.#replacements % 100 === 0) this.digests.add(record.slot, this.digests.keyHash(record.key), former);
    return result;
  }
}
