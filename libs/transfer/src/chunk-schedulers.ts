import type { ChunkSchedulerFactory, ChunkSchedulerName } from './chunk-scheduler.js';
import { RandomScheduler } from './random-scheduler.js';
import { RarestFirstScheduler } from './rarest-first-scheduler.js';
import { SequentialScheduler } from './sequential-scheduler.js';

/** The schedulers that ship, by name. The first is the default. */
export const CHUNK_SCHEDULERS: Readonly<Record<ChunkSchedulerName, ChunkSchedulerFactory>> = {
  'rarest-first': { name: 'rarest-first', create: (context) => new RarestFirstScheduler(context) },
  sequential: { name: 'sequential', create: (context) => new SequentialScheduler(context) },
  random: { name: 'random', create: (context) => new RandomScheduler(context) },
};

/** The factory a user named, or the custom one itself. */
export function chunkSchedulerFactory(choice: ChunkSchedulerName | ChunkSchedulerFactory): ChunkSchedulerFactory {
  return typeof choice === 'string' ? CHUNK_SCHEDULERS[choice] : choice;
}
