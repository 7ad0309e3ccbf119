import { LINE_INTERVAL_MS } from '../limits.js';
import { monotonicMs } from '../wait.js';

/** One line a second at most for each transfer, and none that says what the last one said. */
export class LinePace {
  readonly #last = new Map<string, { readonly text: string; readonly atMs: number }>();

  constructor(private readonly nowMs: () => number = monotonicMs) {}

  allows(key: string, text: string): boolean {
    const last = this.#last.get(key);
    const atMs = this.nowMs();
    if (last !== undefined && (last.text === text || atMs - last.atMs < LINE_INTERVAL_MS)) return false;
    this.#last.set(key, { text, atMs });
    return true;
  }
}
