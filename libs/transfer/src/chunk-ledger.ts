import { Bitfield } from '@panal/torrent';
import { ActiveChunkOf, type Sharing } from './active-chunk.js';
import type { ChunkLayout } from './chunk-layout.js';
import type { ChunkScheduler } from './chunk-scheduler.js';
import type { ActiveChunk, SourceRecord } from './source-record.js';

/**
 * Which chunk is wanted, active or done, and how many sources have it. A chunk is in exactly one of the three: wanted
 * ones are the scheduler's, active ones have an `ActiveChunk`, done ones are in the bitfield.
 */
export class ChunkLedger {
  readonly done: Bitfield;
  readonly #active = new Map<number, ActiveChunk>();
  /** Active chunks nobody fetches. */
  readonly #orphans = new Set<ActiveChunk>();
  readonly #holders = new Set<SourceRecord>();
  /** Sources that have a chunk, complete ones aside: they would raise all alike. */
  readonly #availability: Uint16Array;
  readonly #complete = new WeakSet<SourceRecord>();
  /** Chunks that came out bad with several contributors: the next time one source fetches them alone. */
  readonly #suspect = new Set<number>();
  #doneBytes = 0;

  constructor(
    private readonly layout: ChunkLayout,
    private readonly scheduler: ChunkScheduler,
    done: Bitfield,
  ) {
    this.done = Bitfield.fromBytes(done.bytes, done.size);
    this.#availability = new Uint16Array(layout.chunkCount);
    for (let chunk = 0; chunk < layout.chunkCount; chunk += 1) {
      if (done.has(chunk)) this.#doneBytes += layout.chunkSize(chunk);
      else scheduler.add(chunk, 0);
    }
  }

  get doneBytes(): number {
    return this.#doneBytes;
  }

  get wantedCount(): number {
    return this.scheduler.size;
  }

  /** A copy: throwing one away changes it. */
  active(): ActiveChunk[] {
    return [...this.#active.values()];
  }

  get orphans(): ReadonlySet<ActiveChunk> {
    return this.#orphans;
  }

  activeAt(chunk: number): ActiveChunk | undefined {
    return this.#active.get(chunk);
  }

  /** A source is connected; its `have` is set. */
  join(source: SourceRecord): void {
    this.#holders.add(source);
    if (source.isComplete) {
      this.#complete.add(source);
      source.wantedCount = this.scheduler.size;
      return;
    }
    for (const chunk of source.have ?? []) this.#gained(source, chunk);
  }

  /** A source is going; its `have` is still set. */
  leave(source: SourceRecord): void {
    this.#holders.delete(source);
    if (this.#complete.delete(source)) return;
    for (const chunk of source.have ?? []) this.#lost(source, chunk);
  }

  /** The source has one more chunk. */
  have(source: SourceRecord, chunk: number): void {
    if (source.have?.add(chunk) === true) this.#gained(source, chunk);
  }

  /** The source turned out not to have the chunk. */
  haveNot(source: SourceRecord, chunk: number): void {
    if (source.have === undefined || !source.have.has(chunk)) return;
    if (this.#complete.delete(source)) {
      // It is counted chunk by chunk from now on.
      source.wantedCount = 0;
      for (const other of source.have) this.#gained(source, other);
    }
    source.have.remove(chunk);
    this.#lost(source, chunk);
  }

  /** The chunk `source` should begin, by the scheduler. */
  pick(source: SourceRecord): number | undefined {
    return source.wantedCount === 0 ? undefined : this.scheduler.pick((chunk) => source.has(chunk));
  }

  begin(chunk: number, owner: SourceRecord): ActiveChunk {
    this.scheduler.remove(chunk);
    this.#countWanted(chunk, -1);
    const sharing: Sharing = owner.isOnParole || this.#suspect.has(chunk) ? 'exclusive' : 'shared';
    const target = new ActiveChunkOf<SourceRecord>(
      chunk,
      this.layout.chunkSize(chunk),
      this.layout.blockSizeBytes,
      sharing,
    );
    this.#active.set(chunk, target);
    this.adopt(target, owner);
    return target;
  }

  adopt(target: ActiveChunk, owner: SourceRecord): void {
    this.#orphans.delete(target);
    target.owner = owner;
    owner.own(target);
  }

  /** Its owner is gone or left alone. Blocks that came, or that others bring, stay. */
  orphan(target: ActiveChunk): void {
    this.#disown(target);
    this.#orphans.add(target);
  }

  /** It was thrown away and waits for its writes: nobody takes it over. */
  retire(target: ActiveChunk): void {
    this.#disown(target);
    this.#orphans.delete(target);
  }

  /** Back to the wanted chunks, with nothing kept. */
  giveBack(target: ActiveChunk): void {
    this.#forget(target);
    this.scheduler.add(target.chunk, this.#availability[target.chunk] as number);
    this.#countWanted(target.chunk, 1);
  }

  finish(target: ActiveChunk): void {
    this.#forget(target);
    this.#suspect.delete(target.chunk);
    this.done.add(target.chunk);
    this.#doneBytes += target.sizeBytes;
  }

  /** A done chunk is wanted again. Nothing happens when it is not done. */
  undo(chunk: number): void {
    if (!this.done.has(chunk)) return;
    this.done.remove(chunk);
    this.#doneBytes -= this.layout.chunkSize(chunk);
    this.scheduler.add(chunk, this.#availability[chunk] as number);
    this.#countWanted(chunk, 1);
  }

  suspect(chunk: number): void {
    this.#suspect.add(chunk);
  }

  #forget(target: ActiveChunk): void {
    this.retire(target);
    this.#active.delete(target.chunk);
  }

  #disown(target: ActiveChunk): void {
    target.owner?.disown(target);
    target.owner = undefined;
  }

  #isWanted(chunk: number): boolean {
    return !this.done.has(chunk) && !this.#active.has(chunk);
  }

  #countWanted(chunk: number, change: 1 | -1): void {
    for (const holder of this.#holders) if (holder.has(chunk)) holder.wantedCount += change;
  }

  #gained(source: SourceRecord, chunk: number): void {
    this.#availability[chunk] = (this.#availability[chunk] as number) + 1;
    if (!this.#isWanted(chunk)) return;
    source.wantedCount += 1;
    this.scheduler.availabilityChanged(chunk, this.#availability[chunk] as number);
  }

  #lost(source: SourceRecord, chunk: number): void {
    this.#availability[chunk] = (this.#availability[chunk] as number) - 1;
    if (!this.#isWanted(chunk)) return;
    source.wantedCount -= 1;
    this.scheduler.availabilityChanged(chunk, this.#availability[chunk] as number);
  }
}
