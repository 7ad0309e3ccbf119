import type { CancelTimer, ErrorReport, Timers } from '@panal/runtime';
import { errorReport } from '@panal/runtime';
import { diskTrouble } from './disk-trouble.js';
import { DISK_RETRY_MS } from './limits.js';

export interface DiskPauseOptions {
  readonly timers: Timers;
  /** The disk refuses, or refuses for another reason. */
  readonly onPaused: () => void;
  /** Everything that had failed went through. */
  readonly onResumed: () => void;
  /** Trying again is of no use. */
  readonly onFailed: (error: unknown) => void;
  /** A try failed again: what is held may have to be held for long. */
  readonly onStillPaused: () => void;
}

/** What failed at the disk and is tried again, from time to time, until all of it went through. */
export class DiskPause {
  readonly #pending = new Map<string, () => Promise<void>>();
  #cancelTimer: CancelTimer | undefined;
  #isRetrying = false;
  #report: ErrorReport | null = null;
  #isClosed = false;

  constructor(private readonly options: DiskPauseOptions) {}

  /** Why; null while the disk does its work. */
  get report(): ErrorReport | null {
    return this.#report;
  }

  /** `what` failed with `error`; `retry` does it again. */
  begin(what: string, error: unknown, retry: () => Promise<void>): void {
    if (this.#isClosed) return;
    const trouble = diskTrouble(error);
    if (trouble.kind === 'fail') {
      this.close();
      this.options.onFailed(trouble.error);
      return;
    }
    this.#pending.set(what, retry);
    const code = this.#report?.code;
    this.#report = errorReport(trouble.error);
    this.#schedule();
    if (this.#report.code !== code) this.options.onPaused();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelTimer?.();
    this.#pending.clear();
  }

  #schedule(): void {
    if (!this.#isRetrying) this.#cancelTimer ??= this.options.timers.after(DISK_RETRY_MS, () => void this.#retryAll());
  }

  /** Stops at the first that fails again: the others would most likely fail alike. */
  async #retryAll(): Promise<void> {
    this.#cancelTimer = undefined;
    this.#isRetrying = true;
    const isThrough = await this.#retryEach();
    this.#isRetrying = false;
    if (this.#isClosed) return;
    if (isThrough) {
      this.#report = null;
      this.options.onResumed();
    } else {
      this.#schedule();
      this.options.onStillPaused();
    }
  }

  async #retryEach(): Promise<boolean> {
    // Not a walk over a copy: while one is tried, another may fail, and that must not be forgotten.
    for (let [next] = this.#pending; next !== undefined; [next] = this.#pending) {
      const [what, retry] = next;
      this.#pending.delete(what);
      try {
        await retry();
      } catch (error) {
        this.begin(what, error, retry);
        return false;
      }
      if (this.#isClosed) return false;
    }
    return true;
  }
}
