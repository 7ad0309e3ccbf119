import assert from 'node:assert/strict';

/** A block asked of a source. */
export interface AskOf<Source extends Contributor> {
  readonly id: number;
  readonly source: Source;
  readonly target: ActiveChunkOf<Source>;
  readonly block: number;
  readonly lengthBytes: number;
  readonly sentAtMs: number;
}

/** What a chunk must know of its sources. */
export interface Contributor {
  readonly peerId: string;
}

/** What may happen to a chunk that is being fetched. `shared` may be helped by others; `exclusive` has one source, so blame is exact. */
export type Sharing = 'shared' | 'exclusive';

/** A chunk between its first request and its verdict: which block is where, and who brought what. */
export class ActiveChunkOf<Source extends Contributor> {
  readonly blockCount: number;
  /** The source that fetches it; undefined when that source went away and nobody took over. */
  owner: Source | undefined;
  /** Peer ids of those whose bytes are in it. */
  readonly contributors = new Set<string>();
  /** Thrown away; it waits for its writes to settle, lest an old one land on top of a new one. */
  isDiscarded = false;
  readonly #asks: (AskOf<Source>[] | undefined)[];
  readonly #isReceived: Uint8Array;
  #receivedCount = 0;
  #settledCount = 0;
  #unaskedCount: number;

  constructor(
    readonly chunk: number,
    readonly sizeBytes: number,
    readonly blockSizeBytes: number,
    readonly sharing: Sharing,
  ) {
    this.blockCount = Math.ceil(sizeBytes / blockSizeBytes);
    this.#asks = Array.from({ length: this.blockCount }, () => undefined);
    this.#isReceived = new Uint8Array(this.blockCount);
    this.#unaskedCount = this.blockCount;
  }

  /** Blocks neither received nor asked of anyone. */
  get unaskedCount(): number {
    return this.#unaskedCount;
  }

  get receivedCount(): number {
    return this.#receivedCount;
  }

  get receivedBytes(): number {
    const lastIsReceived = this.#isReceived[this.blockCount - 1] === 1;
    const missingOfLast = lastIsReceived ? this.blockSizeBytes - this.lengthOf(this.blockCount - 1) : 0;
    return this.#receivedCount * this.blockSizeBytes - missingOfLast;
  }

  /** Every block came and its write ended. */
  get isSettled(): boolean {
    return this.#settledCount === this.blockCount;
  }

  get hasWritesUnderWay(): boolean {
    return this.#settledCount < this.#receivedCount;
  }

  get hasOutstanding(): boolean {
    return this.blockCount - this.#receivedCount > this.#unaskedCount;
  }

  lengthOf(block: number): number {
    return Math.min(this.blockSizeBytes, this.sizeBytes - block * this.blockSizeBytes);
  }

  asksOf(block: number): readonly AskOf<Source>[] {
    return this.#asks[block] ?? [];
  }

  /** Everything asked for this chunk. */
  outstanding(): AskOf<Source>[] {
    return this.#asks.flatMap((asks) => asks ?? []);
  }

  /** The first block nobody was asked for; from the end for a helper, so that it and the owner meet in the middle. */
  nextUnasked(side: 'first' | 'last'): number | undefined {
    if (this.#unaskedCount === 0) return undefined;
    for (let at = 0; at < this.blockCount; at += 1) {
      const block = side === 'first' ? at : this.blockCount - 1 - at;
      if (this.#isReceived[block] === 0 && this.#asks[block] === undefined) return block;
    }
    assert.fail('a chunk counts unasked blocks it does not have');
  }

  asked(ask: AskOf<Source>): void {
    const asks = this.#asks[ask.block];
    if (asks !== undefined) {
      asks.push(ask);
      return;
    }
    this.#asks[ask.block] = [ask];
    this.#unaskedCount -= 1;
  }

  /** The ask will not be answered, or not by what is wanted. */
  unasked(ask: AskOf<Source>): void {
    const left = this.#asks[ask.block]?.filter((other) => other !== ask) ?? [];
    if (left.length > 0) {
      this.#asks[ask.block] = left;
      return;
    }
    this.#asks[ask.block] = undefined;
    this.#unaskedCount += 1;
  }

  /** The block came with this ask. Returns the other asks for it, which are void now. */
  received(ask: AskOf<Source>): readonly AskOf<Source>[] {
    assert(this.#isReceived[ask.block] === 0, 'a block is received once');
    const others = this.asksOf(ask.block).filter((other) => other !== ask);
    this.#asks[ask.block] = undefined;
    this.#isReceived[ask.block] = 1;
    this.#receivedCount += 1;
    this.contributors.add(ask.source.peerId);
    return others;
  }

  /** The write of a received block ended. */
  settled(): void {
    this.#settledCount += 1;
    assert(this.#settledCount <= this.#receivedCount, 'a block is written once');
  }
}
