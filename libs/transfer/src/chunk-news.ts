import type { CancelTimer, Timers } from '@panal/runtime';
import { HAVE_BATCH_MS } from './limits.js';

/** Gathers chunks that became servable, so that each neighbour gets one message for many. */
export class ChunkNews {
  #chunks: number[] = [];
  #cancelTimer: CancelTimer | undefined;

  constructor(
    private readonly timers: Timers,
    private readonly tell: (chunks: readonly number[]) => void,
  ) {}

  add(chunk: number): void {
    this.#chunks.push(chunk);
    this.#cancelTimer ??= this.timers.after(HAVE_BATCH_MS, () => this.flush());
  }

  /** Tells now what was gathered. */
  flush(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const chunks = this.#chunks;
    this.#chunks = [];
    if (chunks.length > 0) this.tell(chunks);
  }
}
