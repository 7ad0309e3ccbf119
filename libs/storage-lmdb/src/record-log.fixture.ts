import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClusterRecord, leafCountOf, slotOf } from '@panal/cluster';
import { type Clock, ManualClock, type PanalError, SeededRandom, silentLogger, type Timers } from '@panal/runtime';
import type { LogIdentity } from './folder-state.js';
import { RecordLog, type RecordLogOptions } from './record-log.js';
import type { RecordSource } from './refill.js';

export const IDENTITY: LogIdentity = {
  trackerId: '0123456789abcdef0123456789abcdef',
  clusterName: 'hive',
  clusterFingerprint: 'f1',
};
export const NOW_MS = 1_760_000_000_000;
export const LIVES = { softMs: 45 * 60_000, durableTombstoneMs: 10 * 86_400_000 };

const folders: string[] = [];
const openLogs = new Set<TrialLog>();

export async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'panal-record-log-'));
  folders.push(folder);
  return folder;
}

export async function removeFolders(): Promise<void> {
  await closeLogs();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
}

/** What a test left open, since it failed: its threads would hold the disk. */
export async function closeLogs(): Promise<void> {
  for (const trial of openLogs) await trial.log.close(0);
  openLogs.clear();
}

/** A record named by `name`; everything else has an ordinary value unless it is given. */
export function recordOf(name: string, changes: Partial<ClusterRecord> = {}): ClusterRecord {
  const key = Buffer.from(name);
  return {
    key,
    slot: slotOf(key),
    recordClass: 'soft',
    clock: NOW_MS * 4096,
    origin: 0x0123456789ab,
    isDead: false,
    serveUntilMs: NOW_MS + 60_000,
    value: Buffer.from(`value of ${name}`),
    ...changes,
  };
}

export function durableOf(name: string, changes: Partial<ClusterRecord> = {}): ClusterRecord {
  return recordOf(name, { recordClass: 'durable', serveUntilMs: Number.POSITIVE_INFINITY, ...changes });
}

/** The table of a tracker, as far as the log asks it. */
export class TableOfMaps implements RecordSource {
  readonly #slots = new Map<number, Map<string, ClusterRecord>>();

  take(records: readonly ClusterRecord[]): readonly ClusterRecord[] {
    for (const record of records) {
      const slot = this.#slots.get(record.slot) ?? new Map<string, ClusterRecord>();
      this.#slots.set(record.slot, slot.set(record.key.toString('hex'), record));
    }
    return records;
  }

  recordCountIn(slot: number): number {
    return this.#slots.get(slot)?.size ?? 0;
  }

  *records(slot: number, leaf?: number): Iterable<ClusterRecord> {
    for (const record of this.#slots.get(slot)?.values() ?? []) {
      if (leaf === undefined || record.key.readUInt8(0) % leafCountOf(slot) === leaf) yield record;
    }
  }
}

/** Timers of the machine, for what waits for a real disk. */
const realTimers: Timers = {
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  every: (intervalMs, callback) => {
    const timer = setInterval(callback, intervalMs);
    return () => clearInterval(timer);
  },
};

export type LogTrial = Omit<Partial<RecordLogOptions>, 'clock'> & { readonly clock?: Clock };

/** A log on a real folder, and what it told its owner. */
export class TrialLog {
  readonly troubles: (PanalError | undefined)[] = [];
  readonly pressures: boolean[] = [];
  /** What the tracker serves: whatever is appended is in it. */
  readonly table = new TableOfMaps();
  persistedUpTo = 0;
  readonly #waiting: { readonly isMet: () => boolean; readonly resolve: () => void }[] = [];
  #log: RecordLog | undefined;

  private constructor(readonly clock: Clock) {}

  static async open(folder: string, options: LogTrial = {}): Promise<TrialLog> {
    const trial = new TrialLog(options.clock ?? new ManualClock(NOW_MS));
    trial.#log = await RecordLog.open(folder, {
      identity: IDENTITY,
      lives: LIVES,
      source: trial.table,
      timers: realTimers,
      logger: silentLogger,
      onPersisted: (upTo) => trial.#told(() => (trial.persistedUpTo = upTo)),
      onPressure: (isPressed) => trial.#told(() => trial.pressures.push(isPressed)),
      onTrouble: (error) => trial.#told(() => trial.troubles.push(error)),
      ...options,
      clock: trial.clock,
    });
    openLogs.add(trial);
    return trial;
  }

  get log(): RecordLog {
    if (this.#log === undefined) throw new Error('It was not opened.');
    return this.#log;
  }

  /** Appends as someone who waits, and waits. */
  async keep(...records: ClusterRecord[]): Promise<void> {
    await this.persisted(this.log.append(this.table.take(records), { isDurable: true }));
  }

  async persisted(sequence: number): Promise<void> {
    await this.until(() => this.persistedUpTo >= sequence);
  }

  /** Waits for a condition that changes when the log tells its owner something. */
  until(isMet: () => boolean): Promise<void> {
    if (isMet()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ isMet, resolve }));
  }

  /** Loads everything, by text of the key. */
  async load(): Promise<Map<string, ClusterRecord>> {
    const records = new Map<string, ClusterRecord>();
    await this.log.load((record) => void records.set(record.key.toString(), copyOf(record)));
    return records;
  }

  #told(note: () => unknown): void {
    note();
    for (const { isMet, resolve } of this.#waiting) if (isMet()) resolve();
  }
}

/** What a folder holds: opened, loaded and closed again. */
export async function contentOf(folder: string): Promise<Map<string, ClusterRecord>> {
  const trial = await TrialLog.open(folder);
  const records = await trial.load();
  await trial.log.close(0);
  return records;
}

/** A random record, from few keys, so that some meet. */
export function randomRecord(random: SeededRandom): ClusterRecord {
  const name = `record ${random.below(40)}`;
  const isDurable = name.endsWith('0') || name.endsWith('5');
  return recordOf(name, {
    recordClass: isDurable ? 'durable' : 'soft',
    clock: NOW_MS * 4096 + random.below(1_000_000),
    value: random.bytes(random.below(300)),
  });
}

function copyOf(record: ClusterRecord): ClusterRecord {
  return { ...record, key: Buffer.from(record.key), value: Buffer.from(record.value) };
}
