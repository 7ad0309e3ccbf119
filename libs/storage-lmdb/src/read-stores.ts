import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ClusterRecord, RecordClass } from '@panal/cluster';
import { builtFile } from './built-file.js';
import { LOAD_SLICE_MS, READER_COMPLAINT_BYTES_MAX } from './limits.js';
import { FrameReader, type ReadReport } from './read-frames.js';
import type { StoreFailure } from './store-failure.js';
import { storePath } from './store-files.js';
import { readStored } from './stored-record.js';
import { forEachItem } from './write-batch.js';

export interface StoresRead {
  readonly recordCount: number;
  /** Records whose checksum was wrong: not delivered, and erased. */
  readonly damagedCount: number;
  /** Stores that could not be read to the end. What came before was intact and was delivered. */
  readonly failures: ReadonlyMap<RecordClass, StoreFailure>;
}

export interface ReadOptions {
  readonly folder: string;
  readonly isSoftSynced: boolean;
  readonly monotonicMs: () => number;
  /** The record's buffers are views of a larger one: what stays is copied. */
  readonly onRecord: (record: ClusterRecord) => void;
}

/** What a process dies of that reads a damaged file through a map of it. */
const DEATHS_BY_DAMAGE: ReadonlySet<string | null> = new Set(['SIGSEGV', 'SIGBUS', 'SIGABRT', 'SIGILL', 'SIGFPE']);

/**
 * Reads both stores in a process of its own and delivers their records here, in slices of LOAD_SLICE_MS.
 * @throws Error where the reader did not do its work for a reason that says nothing about the stores.
 */
export async function readStores({ folder, isSoftSynced, monotonicMs, onRecord }: ReadOptions): Promise<StoresRead> {
  const reader = new StoreReader(onRecord);
  const program = fileURLToPath(builtFile('read-stores.process.js', import.meta.url));
  const child = spawn(process.execPath, [program, JSON.stringify({ folder, isSoftSynced })], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  // A child that cannot be started says so through `ended`, and has no output.
  ended.catch(() => undefined);
  const complaint = collectComplaint(child);
  try {
    await deliver(child, reader, monotonicMs);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  const [exitCode, signal] = (await ended) as [number | null, string | null];
  if (exitCode !== 0) reader.died(folder, { exitCode, signal, complaint: complaint() });
  return reader;
}

class StoreReader implements StoresRead {
  recordCount = 0;
  damagedCount = 0;
  readonly failures = new Map<RecordClass, StoreFailure>();
  #reading: RecordClass | undefined;
  readonly frames: FrameReader;

  constructor(onRecord: (record: ClusterRecord) => void) {
    this.frames = new FrameReader(
      (items) =>
        forEachItem(items, (_op, key, value) => {
          this.recordCount += 1;
          onRecord(readStored(key, value));
        }),
      (report) => this.#told(report),
    );
  }

  died(
    folder: string,
    { exitCode, signal, complaint }: { exitCode: number | null; signal: string | null; complaint: string },
  ): void {
    const reason = `The process that reads it ended with ${signal ?? exitCode}. ${complaint}`.trim();
    if (this.#reading === undefined || !DEATHS_BY_DAMAGE.has(signal)) throw new Error(reason);
    const path = storePath(folder, this.#reading);
    this.failures.set(this.#reading, { kind: 'corrupt', path, reason, isOfStore: true });
  }

  #told(report: ReadReport): void {
    this.#reading = report.kind === 'begin' ? report.recordClass : undefined;
    if (report.kind === 'end') this.damagedCount += report.damagedCount;
    if (report.kind === 'failure') this.failures.set(report.recordClass, report.failure);
  }
}

async function deliver(child: ChildProcess, reader: StoreReader, monotonicMs: () => number): Promise<void> {
  let sliceStartMs = monotonicMs();
  for await (const piece of child.stdout ?? []) {
    reader.frames.push(piece as Buffer);
    if (monotonicMs() - sliceStartMs < LOAD_SLICE_MS) continue;
    await new Promise((resolve) => setImmediate(resolve));
    sliceStartMs = monotonicMs();
  }
}

function collectComplaint(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.on('data', (piece: Buffer) => {
    text = (text + piece.toString()).slice(-READER_COMPLAINT_BYTES_MAX);
  });
  return () => text.trim();
}
