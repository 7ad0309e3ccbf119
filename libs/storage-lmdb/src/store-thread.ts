import assert from 'node:assert';
import { Worker } from 'node:worker_threads';
import { builtFile } from './built-file.js';
import type { BackupResult, CommitResult, StoresOptions, SweepResult } from './stores.js';

export type StoreRequest =
  | { readonly kind: 'commit'; readonly bytes: Uint8Array }
  | { readonly kind: 'sweep'; readonly nowMs: number }
  | { readonly kind: 'close' }
  /** Answered out of turn. */
  | { readonly kind: 'backUp'; readonly folder: string };
export type StoreAnswer = CommitResult | SweepResult;

/** The one answer that does not wait for those asked for before. */
export interface BackupAnswer {
  readonly kind: 'backup';
  readonly result: BackupResult;
}

/** What the log needs of its stores. One call at a time; none throws for what a disk can do. */
export interface StorePort {
  commit(bytes: Uint8Array): Promise<CommitResult>;
  sweep(nowMs: number): Promise<SweepResult>;
  /** Beside the others; one at a time. See `Stores.backUp`. */
  backUp(folder: string): Promise<BackupResult>;
  /** Rejects where the last of it could not be written. */
  close(): Promise<void>;
}

interface Waiting<Answer = StoreAnswer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** The stores on a thread of their own: a disk that takes its time holds up nobody but those who wait for it. */
export class StoreThread implements StorePort {
  #worker: Worker | undefined;
  readonly #waiting: Waiting[] = [];
  #backup: Waiting<BackupResult> | undefined;

  constructor(private readonly options: StoresOptions) {}

  async commit(bytes: Uint8Array): Promise<CommitResult> {
    // A view would be sent with all of the buffer behind it; the caller keeps its own for another attempt.
    return (await this.#ask({ kind: 'commit', bytes: new Uint8Array(bytes) })) as CommitResult;
  }

  async sweep(nowMs: number): Promise<SweepResult> {
    return (await this.#ask({ kind: 'sweep', nowMs })) as SweepResult;
  }

  backUp(folder: string): Promise<BackupResult> {
    assert(this.#backup === undefined, 'one copy is made at a time');
    return new Promise((resolve, reject) => {
      this.#backup = { resolve, reject };
      this.#send({ kind: 'backUp', folder });
    });
  }

  async close(): Promise<void> {
    if (this.#worker === undefined) return;
    this.#worker.ref();
    await this.#ask({ kind: 'close' });
    await this.#worker?.terminate();
  }

  #ask(request: StoreRequest): Promise<StoreAnswer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#send(request);
    });
  }

  #send(request: StoreRequest): void {
    this.#worker ??= this.#start();
    this.#worker.postMessage(request, request.kind === 'commit' ? [request.bytes.buffer as ArrayBuffer] : []);
  }

  #answered(answer: StoreAnswer | BackupAnswer): void {
    if (!('kind' in answer) || answer.kind !== 'backup') return this.#waiting.shift()?.resolve(answer);
    const backup = this.#backup;
    this.#backup = undefined;
    backup?.resolve(answer.result);
  }

  /** A thread that dies is started again by the next request. */
  #start(): Worker {
    const worker = new Worker(builtFile('store.thread.js', import.meta.url), {
      workerData: this.options,
      // Flags of the process may be about its main program, such as how to read it: no thread starts with those.
      execArgv: [],
    });
    worker.unref();
    worker.on('message', (answer: StoreAnswer | BackupAnswer) => this.#answered(answer));
    worker.on('error', (error) => {
      this.#worker = undefined;
      for (const { reject } of this.#waiting.splice(0)) reject(error);
      this.#backup?.reject(error);
      this.#backup = undefined;
    });
    return worker;
  }
}
