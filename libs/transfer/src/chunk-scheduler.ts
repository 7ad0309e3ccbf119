import type { Random } from '@panal/runtime';

/**
 * Decides which chunk is begun next. It keeps the set of wanted chunks itself, so that a pick need not look at all of
 * them: 50,000 chunks and 64 sources must be cheap. Chunks already begun are no longer its business.
 */
export interface ChunkScheduler {
  /** How many chunks are wanted. */
  readonly size: number;
  /** `chunk` is wanted (again). It is not in the set. `availability` counts sources that have it, complete ones aside. */
  add(chunk: number, availability: number): void;
  /** `chunk` was begun or is no longer wanted. Nothing happens when it is not in the set. */
  remove(chunk: number): void;
  /** `chunk` is in the set, and its availability went up or down by one. */
  availabilityChanged(chunk: number, availability: number): void;
  /** The chunk to begin, of those wanted that `isOffered` accepts. It stays in the set until `remove`. */
  pick(isOffered: (chunk: number) => boolean): number | undefined;
}

/** What a scheduler is made with. */
export interface ChunkSchedulerContext {
  readonly chunkCount: number;
  readonly random: Random;
}

/** Makes the scheduler of one download. A custom one is given as such an object. */
export interface ChunkSchedulerFactory {
  readonly name: string;
  create(context: ChunkSchedulerContext): ChunkScheduler;
}

export type ChunkSchedulerName = 'rarest-first' | 'sequential' | 'random';
