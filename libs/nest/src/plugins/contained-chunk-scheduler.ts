import {
  CHUNK_SCHEDULERS,
  type ChunkScheduler,
  type ChunkSchedulerContext,
  type ChunkSchedulerFactory,
} from '@panal/transfer';
import type { PluginWatch } from './plugin-watch.js';

/** A plugin's scheduler as the host offers it. */
export function containedSchedulerFactory(factory: ChunkSchedulerFactory, watch: PluginWatch): ChunkSchedulerFactory {
  const { name } = factory;
  return { name, create: (context) => new ContainedChunkScheduler({ factory, watch, context }) };
}

interface ContainedChunkSchedulerOptions {
  readonly factory: ChunkSchedulerFactory;
  readonly watch: PluginWatch;
  readonly context: ChunkSchedulerContext;
}

/**
 * A plugin's scheduler with a plain one at its side that is told the same, knows what is wanted, and answers in its place. A
 * plugin that missed a change may wait for a chunk for ever, so after a fault in one it is not asked again in this download.
 */
class ContainedChunkScheduler implements ChunkScheduler {
  readonly #place: string;
  readonly #watch: PluginWatch;
  readonly #fallback: ChunkScheduler;
  readonly #isWanted: Uint8Array;
  #scheduler: ChunkScheduler | undefined;

  constructor({ factory, watch, context }: ContainedChunkSchedulerOptions) {
    this.#watch = watch;
    this.#place = `chunkScheduler.${factory.name}`;
    this.#fallback = CHUNK_SCHEDULERS['rarest-first'].create(context);
    this.#isWanted = new Uint8Array(context.chunkCount);
    this.#scheduler = watch.ask<ChunkScheduler | undefined>({
      place: this.#place,
      call: () => factory.create(context),
      whyRubbish: whyNoScheduler,
      fallback: () => undefined,
    });
  }

  get size(): number {
    return this.#fallback.size;
  }

  add(chunk: number, availability: number): void {
    this.#isWanted[chunk] = 1;
    this.#fallback.add(chunk, availability);
    this.#tell((scheduler) => scheduler.add(chunk, availability));
  }

  remove(chunk: number): void {
    this.#isWanted[chunk] = 0;
    this.#fallback.remove(chunk);
    this.#tell((scheduler) => scheduler.remove(chunk));
  }

  availabilityChanged(chunk: number, availability: number): void {
    this.#fallback.availabilityChanged(chunk, availability);
    this.#tell((scheduler) => scheduler.availabilityChanged(chunk, availability));
  }

  pick(isOffered: (chunk: number) => boolean): number | undefined {
    const scheduler = this.#scheduler;
    if (scheduler === undefined) return this.#fallback.pick(isOffered);
    return this.#watch.ask({
      place: this.#place,
      call: () => scheduler.pick(isOffered),
      whyRubbish: (chunk) => this.#whyNoPick(chunk, isOffered),
      fallback: () => this.#fallback.pick(isOffered),
    });
  }

  #tell(change: (scheduler: ChunkScheduler) => void): void {
    const scheduler = this.#scheduler;
    if (scheduler === undefined) return;
    const isHeard = this.#watch.ask({
      place: this.#place,
      call: () => {
        change(scheduler);
        return true;
      },
      whyRubbish: () => undefined,
      fallback: () => false,
    });
    if (!isHeard) this.#scheduler = undefined;
  }

  /** Picking nothing while something is there would make the download wait for nothing. */
  #whyNoPick(chunk: number | undefined, isOffered: (chunk: number) => boolean): string | undefined {
    if (chunk === undefined) {
      const other = this.#fallback.pick(isOffered);
      return other === undefined ? undefined : `pick() gave nothing while chunk ${other} was wanted and offered`;
    }
    const isSound = Number.isInteger(chunk) && this.#isWanted[chunk] === 1 && isOffered(chunk);
    return isSound ? undefined : `pick() gave ${String(chunk)}, which is not wanted and offered`;
  }
}

const METHODS = ['add', 'remove', 'availabilityChanged', 'pick'] as const;

function whyNoScheduler(scheduler: ChunkScheduler | undefined): string | undefined {
  const missing = METHODS.find((method) => typeof scheduler?.[method] !== 'function');
  return missing === undefined ? undefined : `create() gave an object without ${missing}()`;
}
