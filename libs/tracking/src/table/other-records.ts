import {
  type ApplyResult,
  type ClusterRecord,
  compareRecords,
  type DigestTree,
  isServed,
  type KeyHash,
  leafOf,
  purgeAtMs,
  type RecordLifetimes,
  type ReplicaTable,
} from '@panal/cluster';
import { PURGE_LOOKS_MAX } from './limits.js';
import { Slab } from './slab.js';
import { TimeWheel } from './time-wheel.js';

const WHEEL_NEXT = 0;
const WHEEL_PREVIOUS = 1;
const ROW_WORDS = 2;

interface Held {
  readonly record: ClusterRecord;
  readonly hash: KeyHash;
  /** In the slab that the wheel works on. */
  readonly row: number;
  /** Whether readers see it, as far as the wheel has come. */
  readonly isServed: boolean;
}

/** Told of each change that a reader sees, after it: what was served before, and what is now. */
type RecordListener = (before: ClusterRecord | undefined, after: ClusterRecord | undefined) => void;

export interface OtherRecordsOptions {
  readonly digests: DigestTree;
  readonly lives: RecordLifetimes;
  readonly listener: RecordListener;
}

/** Records of all kinds but entries: there are few enough of them to be objects. Takes keys of any form. */
export class OtherRecords implements ReplicaTable {
  readonly digests: DigestTree;
  /** By slot, then by leaf, then by key as text with one character a byte; all only where there is something. */
  readonly #slots = new Map<number, Map<number, Map<string, Held>>>();
  readonly #rows = new Slab(ROW_WORDS);
  readonly #byRow: (Held | undefined)[] = [];
  readonly #wheel: TimeWheel;

  constructor(private readonly options: OtherRecordsOptions) {
    this.digests = options.digests;
    this.#wheel = new TimeWheel({
      slab: this.#rows,
      nextWord: WHEEL_NEXT,
      previousWord: WHEEL_PREVIOUS,
      dueAtMs: (row) => this.#dueAtMs(row),
    });
  }

  get recordCount(): number {
    return this.#rows.count;
  }

  apply(record: ClusterRecord, nowMs: number): ApplyResult {
    const hash = this.digests.keyHash(record.key);
    const former = this.#leaf(record.slot, hash)?.get(textOf(record.key));
    if (former !== undefined && compareRecords(record, former.record) <= 0) return 'stale';
    if (purgeAtMs(record, this.options.lives) <= nowMs) return 'expired';

    if (former !== undefined) this.#forget(former);
    const kept = { ...record, key: Buffer.from(record.key), value: Buffer.from(record.value) };
    const held = { record: kept, hash, row: this.#rows.allocate(), isServed: isServed(kept, nowMs) };
    this.#keep(held, nowMs);
    this.#tell(former, held);
    return 'applied';
  }

  get(key: Buffer, slot: number): ClusterRecord | undefined {
    return this.#leaf(slot, this.digests.keyHash(key))?.get(textOf(key))?.record;
  }

  *records(slot: number, leaf?: number): Iterable<ClusterRecord> {
    for (const [number, records] of this.#slots.get(slot) ?? []) {
      if (leaf === undefined || leaf === number) for (const { record } of records.values()) yield record;
    }
  }

  recordCountIn(slot: number): number {
    let count = 0;
    for (const records of this.#slots.get(slot)?.values() ?? []) count += records.size;
    return count;
  }

  dropSlot(slot: number, limit = Number.POSITIVE_INFINITY): number {
    let count = 0;
    for (const records of this.#slots.get(slot)?.values() ?? []) {
      for (const held of records.values()) {
        if (count === limit) return count;
        this.#drop(held);
        count += 1;
      }
    }
    return count;
  }

  /** Forgets what is over, and tells of what is no longer served. Looks at PURGE_LOOKS_MAX records at most. */
  purge(nowMs: number, limit: number): number {
    let removed = 0;
    this.#wheel.advance(nowMs, limit > 0 ? PURGE_LOOKS_MAX : 0, (row) => {
      const held = this.#byRow[row] as Held;
      if (purgeAtMs(held.record, this.options.lives) > nowMs) {
        this.#hide(held, nowMs);
        return true;
      }
      this.#drop(held);
      removed += 1;
      return removed < limit;
    });
    return removed;
  }

  #leaf(slot: number, hash: KeyHash): Map<string, Held> | undefined {
    return this.#slots.get(slot)?.get(leafOf(slot, hash));
  }

  #keep(held: Held, nowMs: number): void {
    const { record, hash, row } = held;
    const leaves = this.#slots.get(record.slot) ?? new Map<number, Map<string, Held>>();
    const records = leaves.get(leafOf(record.slot, hash)) ?? new Map<string, Held>();
    this.#slots.set(record.slot, leaves.set(leafOf(record.slot, hash), records.set(textOf(record.key), held)));
    this.#byRow[row] = held;
    this.digests.add(record.slot, hash, record);
    this.#wheel.file(row, nowMs);
  }

  #forget({ record, hash, row }: Held): void {
    const leaves = this.#slots.get(record.slot);
    const records = this.#leaf(record.slot, hash);
    records?.delete(textOf(record.key));
    if (records?.size === 0) leaves?.delete(leafOf(record.slot, hash));
    if (leaves?.size === 0) this.#slots.delete(record.slot);
    this.digests.remove(record.slot, hash, record);
    this.#wheel.remove(row);
    this.#rows.free(row);
    this.#byRow[row] = undefined;
  }

  #drop(held: Held): void {
    this.#forget(held);
    this.#tell(held, undefined);
  }

  #hide(former: Held, nowMs: number): void {
    this.#forget(former);
    const hidden = { ...former, row: this.#rows.allocate(), isServed: false };
    this.#keep(hidden, nowMs);
    this.#tell(former, hidden);
  }

  #tell(former: Held | undefined, held: Held | undefined): void {
    const before = former?.isServed === true ? former.record : undefined;
    const after = held?.isServed === true ? held.record : undefined;
    if (before !== undefined || after !== undefined) this.options.listener(before, after);
  }

  #dueAtMs(row: number): number {
    const { record, isServed: isSeen } = this.#byRow[row] as Held;
    const purgeMs = purgeAtMs(record, this.options.lives);
    return isSeen ? Math.min(purgeMs, record.serveUntilMs) : purgeMs;
  }
}

function textOf(key: Buffer): string {
  return key.toString('latin1');
}
