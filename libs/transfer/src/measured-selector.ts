import { MEASURE_INTERVAL_MS } from './limits.js';
import type { SourceSelector, SourceStanding } from './source-selector.js';

/** Priorities outweigh any speed: no link moves this many bytes a second. */
const PRIORITY_STEP = 1e13;
/** 0 is what everybody has. */
const PRIORITY_MAX = 100;

/**
 * The user's priority first, then speed weighed by stability: a source that brings 10 MB/s every interval goes before
 * one that brings 30 and then nothing. One not measured yet goes before all of its priority, or it would never be; one
 * that failed and brought nothing since goes after all of it, or those that hang would go first for ever.
 */
export class MeasuredSelector implements SourceSelector {
  readonly #priorities = new Map<string, number>();

  /**
   * @param priorities By peer name: -100 to 100. Above 0 goes first; below 0 is a last resort.
   * @param intervalMs Over which speed and stability are measured. Longer is calmer, shorter notices sooner.
   */
  constructor(
    priorities: Iterable<readonly [string, number]> = [],
    readonly intervalMs: number = MEASURE_INTERVAL_MS,
  ) {
    for (const [name, priority] of priorities) this.setPriority(name, priority);
  }

  /** Takes effect with the next interval. @throws RangeError outside -100 to 100. */
  setPriority(name: string, priority: number): void {
    if (!(Math.abs(priority) <= PRIORITY_MAX)) throw new RangeError(`${priority} is no priority: -100 to 100`);
    if (priority === 0) this.#priorities.delete(name);
    else this.#priorities.set(name, priority);
  }

  score({ name, speed, stability, isDoubtful }: SourceStanding): number {
    const measured = speed === 0 ? PRIORITY_STEP / 4 : speed * (1 + stability);
    return this.#priorityOf(name) * PRIORITY_STEP + measured - (isDoubtful ? PRIORITY_STEP / 2 : 0);
  }

  isLastResort(name: string): boolean {
    return this.#priorityOf(name) < 0;
  }

  #priorityOf(name: string): number {
    return this.#priorities.get(name) ?? 0;
  }
}
