import { type ClusterRecord, compareRecords, purgeAtMs, type RecordLifetimes } from './record.js';
import type { ApplyResult, ReplicaTable } from './replica-table.js';
import { type DigestSeed, DigestTree, type KeyHash, leafOf } from './replication/digest-tree.js';

const BUCKET_MS = 1000;

interface Held {
  readonly record: ClusterRecord;
  readonly hash: KeyHash;
}

/** By key, as text with one character a byte. */
type Leaf = Map<string, Held>;

export interface MemoryReplicaTableOptions {
  readonly seed: DigestSeed;
  readonly lives: RecordLifetimes;
}

/** A replica table of plain maps: the reference for others, and good for tests and small clusters. */
export class MemoryReplicaTable implements ReplicaTable {
  readonly digests: DigestTree;
  /** By slot, then by leaf; both only where there is something. */
  readonly #slots = new Map<number, Map<number, Leaf>>();
  /** Records by the second in which they are over, the seconds in order. A record that was replaced stays until then. */
  readonly #ending = new Map<number, Held[]>();
  readonly #seconds: number[] = [];
  #recordCount = 0;

  constructor(private readonly options: MemoryReplicaTableOptions) {
    this.digests = new DigestTree(options.seed);
  }

  get recordCount(): number {
    return this.#recordCount;
  }

  apply(record: ClusterRecord, nowMs: number): ApplyResult {
    const purgeMs = purgeAtMs(record, this.options.lives);
    const hash = this.digests.keyHash(record.key);
    const text = record.key.toString('latin1');
    const former = this.#slots.get(record.slot)?.get(leafOf(record.slot, hash))?.get(text);
    if (former !== undefined && compareRecords(record, former.record) <= 0) return 'stale';
    if (purgeMs <= nowMs) return 'expired';

    if (former !== undefined) this.#forget(former);
    const held = { record: { ...record, key: Buffer.from(record.key), value: Buffer.from(record.value) }, hash };
    this.#leaf(record.slot, leafOf(record.slot, hash)).set(text, held);
    this.digests.add(record.slot, hash, record);
    this.#recordCount += 1;
    if (purgeMs !== Number.POSITIVE_INFINITY) this.#endLater(held, purgeMs);
    return 'applied';
  }

  get(key: Buffer, slot: number): ClusterRecord | undefined {
    const leaf = leafOf(slot, this.digests.keyHash(key));
    return this.#slots.get(slot)?.get(leaf)?.get(key.toString('latin1'))?.record;
  }

  *records(slot: number, leaf?: number): Iterable<ClusterRecord> {
    const leaves = this.#slots.get(slot);
    if (leaves === undefined) return;
    const wanted = leaf === undefined ? leaves.values() : [leaves.get(leaf) ?? new Map<string, Held>()];
    for (const records of wanted) for (const held of records.values()) yield held.record;
  }

  recordCountIn(slot: number): number {
    return this.digests.countOf(slot);
  }

  dropSlot(slot: number, limit = Number.POSITIVE_INFINITY): number {
    const records = [...(this.#slots.get(slot)?.values() ?? [])].flatMap((leaf) => [...leaf.values()]).slice(0, limit);
    for (const held of records) this.#forget(held);
    return records.length;
  }

  purge(nowMs: number, limit: number): number {
    let removed = 0;
    for (
      let second = this.#seconds[0];
      second !== undefined && second * BUCKET_MS <= nowMs;
      second = this.#seconds[0]
    ) {
      const bucket = this.#ending.get(second) ?? [];
      const later: Held[] = [];
      while (bucket.length > 0 && removed < limit) {
        const held = bucket.pop();
        if (held === undefined || !this.#isHeld(held)) continue;
        if (purgeAtMs(held.record, this.options.lives) > nowMs) later.push(held);
        else {
          this.#forget(held);
          removed += 1;
        }
      }
      bucket.push(...later);
      if (bucket.length > 0) break;
      this.#ending.delete(second);
      this.#seconds.shift();
    }
    return removed;
  }

  #leaf(slot: number, leaf: number): Leaf {
    let leaves = this.#slots.get(slot);
    if (leaves === undefined) this.#slots.set(slot, (leaves = new Map()));
    let records = leaves.get(leaf);
    if (records === undefined) leaves.set(leaf, (records = new Map()));
    return records;
  }

  #forget({ record, hash }: Held): void {
    const leaves = this.#slots.get(record.slot);
    const leaf = leaves?.get(leafOf(record.slot, hash));
    if (leaf === undefined || !leaf.delete(record.key.toString('latin1'))) return;
    this.digests.remove(record.slot, hash, record);
    this.#recordCount -= 1;
    if (leaf.size === 0) leaves?.delete(leafOf(record.slot, hash));
  }

  #isHeld({ record, hash }: Held): boolean {
    const leaf = this.#slots.get(record.slot)?.get(leafOf(record.slot, hash));
    return leaf?.get(record.key.toString('latin1'))?.record === record;
  }

  #endLater(held: Held, purgeMs: number): void {
    const second = Math.floor(purgeMs / BUCKET_MS);
    const bucket = this.#ending.get(second);
    if (bucket !== undefined) return void bucket.push(held);
    this.#ending.set(second, [held]);
    let at = this.#seconds.length;
    while (at > 0 && (this.#seconds[at - 1] ?? 0) > second) at -= 1;
    this.#seconds.splice(at, 0, second);
  }
}
