import { type ClusterRecord, MemoryReplicaTable, type RecordLifetimes, type ReplicaTable } from '@panal/cluster';
import { pack, unpack } from 'msgpackr';
import type { SimulatedDisk } from '../kernel/disk.js';
import type { NodeWorld } from '../kernel/host.js';

/** The file that a tracker loses when its records are lost and its identity is not. */
export const RECORDS_FILE = 'records';
/** Durable writes wait so long for others that share their sync. */
const COMMIT_MS = { durable: 4, soft: 100 };

type Entry =
  | readonly [
      key: Buffer,
      slot: number,
      isDurable: boolean,
      clock: number,
      origin: number,
      isDead: boolean,
      serveUntilMs: number,
      value: Buffer,
    ]
  | readonly [erasedSlot: number];

/**
 * The records of one tracker on its disk: appended as they are applied, synced in groups. A model of the adapter of the
 * product: the same promises, none of its code.
 */
export class SimulatedRecordLog {
  #appendedUpTo = 0;
  #isSyncPlanned = false;
  #isDurableWaiting = false;

  constructor(
    private readonly world: NodeWorld,
    /** Everything appended up to this sequence number is safe. */
    private readonly onPersisted: (upTo: number) => void,
  ) {}

  /** Puts what the disk has into a table. @returns How many records it took. */
  load(table: ReplicaTable, nowMs: number): number {
    return load(this.world.disk, table, nowMs);
  }

  append(sequence: number, records: readonly ClusterRecord[], isDurable: boolean): void {
    for (const record of records) this.world.disk.append(RECORDS_FILE, pack(toEntry(record)));
    this.#appendedUpTo = Math.max(this.#appendedUpTo, sequence);
    this.#planSync(isDurable);
  }

  eraseSlot(slot: number): void {
    this.world.disk.append(RECORDS_FILE, pack([slot]));
    this.#planSync(false);
  }

  #planSync(isDurable: boolean): void {
    if (this.#isSyncPlanned && (this.#isDurableWaiting || !isDurable)) return;
    this.#isSyncPlanned = true;
    this.#isDurableWaiting ||= isDurable;
    this.world.after(isDurable ? COMMIT_MS.durable : COMMIT_MS.soft, () => {
      this.#isSyncPlanned = false;
      this.#isDurableWaiting = false;
      const upTo = this.#appendedUpTo;
      this.world.sync(() => this.onPersisted(upTo));
    });
  }
}

/** What a tracker would find if it started now, nothing purged. */
export function tableOnDisk(disk: SimulatedDisk, lives: RecordLifetimes): ReplicaTable {
  const table = new MemoryReplicaTable({ seed: { high: 1, low: 2 }, lives });
  load(disk, table, 0);
  return table;
}

function load(disk: SimulatedDisk, table: ReplicaTable, nowMs: number): number {
  let count = 0;
  for (const bytes of disk.read(RECORDS_FILE)) {
    const entry = unpack(bytes) as Entry;
    if (entry.length === 1) table.dropSlot(entry[0]);
    else if (table.apply(toRecord(entry), nowMs) === 'applied') count += 1;
  }
  return count;
}

function toEntry(record: ClusterRecord): Entry {
  const { key, slot, recordClass, clock, origin, isDead, serveUntilMs, value } = record;
  return [key, slot, recordClass === 'durable', clock, origin, isDead, serveUntilMs, value];
}

function toRecord(entry: Exclude<Entry, readonly [number]>): ClusterRecord {
  const [key, slot, isDurable, clock, origin, isDead, serveUntilMs, value] = entry;
  return { key, slot, recordClass: isDurable ? 'durable' : 'soft', clock, origin, isDead, serveUntilMs, value };
}
