import assert from 'node:assert';
import type { CancelTimer, Random } from '@panal/runtime';
import { SeededRandom } from '@panal/runtime';
import { EventQueue } from './event-queue.js';
import { Trace } from './trace.js';

/** Events of one and the same moment, beyond which two parties surely answer each other without end. */
const EVENTS_PER_MOMENT_MAX = 1_000_000;

/**
 * Virtual time. Nothing in a simulation happens but by an event of this queue, and nothing is random but by the streams
 * drawn here, so a seed says everything that will happen.
 */
export class Simulation {
  readonly trace: Trace;
  readonly #queue = new EventQueue();
  #nowMs = 0;
  #eventCount = 0;
  #momentCount = 0;

  constructor(
    readonly seed: number,
    options: { readonly traceLineCount?: number } = {},
  ) {
    this.trace = new Trace(options.traceLineCount);
  }

  /** Virtual milliseconds since the start; not whole. */
  get nowMs(): number {
    return this.#nowMs;
  }

  get eventCount(): number {
    return this.#eventCount;
  }

  /** A stream of its own for each purpose: one more draw in one place changes nothing in the others. */
  random(purpose: string): Random {
    let mixed = Math.imul(this.seed ^ 0x9e3779b9, 0x85ebca6b);
    for (let at = 0; at < purpose.length; at += 1) {
      mixed = Math.imul(mixed ^ purpose.charCodeAt(at), 0x01000193);
      mixed ^= mixed >>> 15;
    }
    return new SeededRandom(mixed >>> 0);
  }

  after(delayMs: number, run: () => void): CancelTimer {
    assert(delayMs >= 0, 'an event lies in the past');
    const event = this.#queue.add(this.#nowMs + delayMs, run);
    return () => {
      event.run = undefined;
    };
  }

  note(who: string, what: string): void {
    this.trace.note(this.#nowMs, who, what);
  }

  /** Runs everything that falls due until `endMs`, and then it is `endMs`. */
  runUntil(endMs: number): void {
    this.runWhile(() => true, endMs);
    this.#nowMs = Math.max(this.#nowMs, endMs);
  }

  /** Runs events while `goesOn`, which is asked before each one, but none later than `endMs`. */
  runWhile(goesOn: () => boolean, endMs: number): void {
    while (goesOn()) {
      const next = this.#queue.peek();
      if (next === undefined || next.dueMs > endMs) return;
      this.#queue.take();
      this.#moveTo(next.dueMs);
      const { run } = next;
      if (run === undefined) continue;
      next.run = undefined;
      this.#eventCount += 1;
      run();
    }
  }

  #moveTo(dueMs: number): void {
    this.#momentCount = dueMs > this.#nowMs ? 0 : this.#momentCount + 1;
    assert(this.#momentCount < EVENTS_PER_MOMENT_MAX, 'virtual time stands still');
    this.#nowMs = dueMs;
  }
}
