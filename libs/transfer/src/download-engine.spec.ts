import { SeededRandom } from '@panal/runtime';
import { Bitfield } from '@panal/torrent';
import type { ChunkSchedulerFactory } from './chunk-scheduler.js';
import { CHUNK_SCHEDULERS } from './chunk-schedulers.js';
import { DownloadEngine } from './download-engine.js';
import type { EngineEffect, EngineEvent } from './engine-events.js';
import { IN_HAND_BYTES_MAX } from './limits.js';
import { MeasuredSelector } from './measured-selector.js';
import type { SourceSelector } from './source-selector.js';

const BLOCK_BYTES = 1000;

type RequestEffect = Extract<EngineEffect, { kind: 'request' }>;

/** An engine, with every block written and every chunk judged good at once, unless the test says otherwise. */
class EngineScript {
  readonly engine: DownloadEngine;
  nowMs = 0;
  releasedCount = 0;
  isValid: (chunk: number) => boolean = () => true;
  /** What was asked and not answered, by source. */
  readonly open = new Map<string, RequestEffect['request'][]>();
  /** Links dropped and requests cancelled. */
  readonly effects: EngineEffect[] = [];

  constructor(
    readonly chunkCount: number,
    options: {
      readonly blocksPerChunk?: number;
      readonly selector?: SourceSelector;
      readonly blockBytes?: number;
      readonly scheduler?: ChunkSchedulerFactory;
    } = {},
  ) {
    const blockSizeBytes = options.blockBytes ?? BLOCK_BYTES;
    const chunkBytes = (options.blocksPerChunk ?? 4) * blockSizeBytes;
    this.engine = new DownloadEngine({
      layout: {
        chunkCount,
        blockSizeBytes,
        contentSizeBytes: chunkCount * chunkBytes,
        chunkSize: () => chunkBytes,
        chunkStart: (chunk) => chunk * chunkBytes,
      },
      done: new Bitfield(chunkCount),
      scheduler: options.scheduler ?? CHUNK_SCHEDULERS['rarest-first'],
      selector: options.selector ?? new MeasuredSelector(),
      random: new SeededRandom(1),
      nowMs: 0,
    });
  }

  join(source: string, have = Bitfield.full(this.chunkCount)): void {
    this.step({ kind: 'joined', source, name: source, have });
  }

  step(event: EngineEvent): void {
    for (const effect of this.engine.step(event, this.nowMs)) {
      if (effect.kind === 'drop' || effect.kind === 'cancel') this.effects.push(effect);
      this.#perform(effect);
    }
  }

  /** The source answers what it was asked first, or last; false when nothing is open. */
  answer(source: string, side: 'first' | 'last' = 'first'): boolean {
    const open = this.open.get(source) ?? [];
    const request = side === 'first' ? open.shift() : open.pop();
    if (request === undefined) return false;
    this.send(source, request.id, request.lengthBytes);
    return true;
  }

  send(source: string, requestId: number, lengthBytes: number): void {
    const release = (): void => void (this.releasedCount += 1);
    this.step({ kind: 'block', source, block: { requestId, bytes: new Uint8Array(lengthBytes), release } });
  }

  pass(durationMs: number): void {
    for (let endMs = this.nowMs + durationMs; this.nowMs < endMs; ) {
      this.nowMs += 250;
      this.step({ kind: 'tick' });
    }
  }

  openCount(source: string): number {
    return this.open.get(source)?.length ?? 0;
  }

  sourceOf(source: string): NonNullable<ReturnType<DownloadEngine['sourceOf']>> {
    const record = this.engine.sourceOf(source);
    if (record === undefined) throw new Error(`${source} is not known`);
    return record;
  }

  #perform(effect: EngineEffect): void {
    switch (effect.kind) {
      case 'request':
        if (!this.open.has(effect.source)) this.open.set(effect.source, []);
        this.open.get(effect.source)?.push(effect.request);
        break;
      case 'cancel':
        this.open.set(
          effect.source,
          (this.open.get(effect.source) ?? []).filter(({ id }) => id !== effect.requestId),
        );
        break;
      case 'drop':
        this.open.delete(effect.source);
        break;
      case 'store':
        effect.block.release();
        this.step({ kind: 'written', chunk: effect.chunk, begin: effect.begin });
        break;
      case 'release':
        effect.block.release();
        break;
      case 'judge':
        this.step({ kind: 'judged', chunk: effect.chunk, isValid: this.isValid(effect.chunk) });
        break;
      case 'forget':
      case 'done':
        break;
    }
  }
}

describe('DownloadEngine', () => {
  it('begins small with a source and asks for more as blocks come', () => {
    const script = new EngineScript(100_000);
    script.join('a');
    const first = script.openCount('a');
    for (let count = 0; count < 200; count += 1) {
      script.nowMs += 1;
      script.answer('a');
    }
    expect(first).toBeLessThan(100);
    expect(script.openCount('a')).toBeGreaterThan(2 * first);
  });

  it('gives each source chunks of its own', () => {
    const script = new EngineScript(500);
    for (const name of ['a', 'b', 'c']) script.join(name);
    const chunksOf = (name: string): number[] => [...new Set(script.open.get(name)?.map(({ chunk }) => chunk))];
    const all = ['a', 'b', 'c'].flatMap(chunksOf);
    expect(new Set(all).size).toBe(all.length);
  });

  it('keeps what is in hand below its bound, and every source at work', () => {
    const script = new EngineScript(1000, { blockBytes: 1024 * 1024, blocksPerChunk: 16 });
    for (let at = 0; at < 20; at += 1) script.join(`s${at}`);
    script.pass(500);
    for (let round = 0; round < 50; round += 1) {
      script.pass(250);
      for (let at = 0; at < 80; at += 1) script.answer(`s${at % 20}`);
      expect(script.engine.inHandBytes).toBeLessThanOrEqual(IN_HAND_BYTES_MAX);
    }
    const shares = Array.from({ length: 20 }, (_, at) => script.openCount(`s${at}`));
    expect(Math.min(...shares)).toBeGreaterThan(0);
    expect(Math.max(...shares)).toBeLessThanOrEqual(4);
  });

  it('asks others at once for what a lost source owed, and keeps what it brought', () => {
    const script = new EngineScript(2, { blocksPerChunk: 40 });
    script.join('a', Bitfield.fromBytes(Buffer.of(0x80), 2));
    script.answer('a');
    script.join('b');
    script.step({ kind: 'lost', source: 'a', name: 'a', reason: 'reset' });
    while (script.answer('b'));
    expect(script.engine.done.isFull).toBe(true);
    expect([script.engine.wastedBytes, script.engine.receivedBytes]).toEqual([0, 80 * BLOCK_BYTES]);
  });

  it('leaves a stalled source alone, longer each time, and gives its blocks to others', () => {
    const script = new EngineScript(50);
    script.join('a');
    script.join('b');
    script.pass(14_000);
    for (let count = 0; count < 20; count += 1) script.answer('b');
    script.pass(1500);
    expect(script.sourceOf('a').reason).toBe('it stalled');
    expect(script.openCount('a')).toBe(0);
    while (script.answer('b')) script.nowMs += 1;
    expect(script.engine.done.isFull).toBe(true);
  });

  it('asks one block of a source that failed, until it brings it', () => {
    const script = new EngineScript(50);
    script.join('a');
    script.pass(20_000);
    expect([script.sourceOf('a').isDoubtful, script.openCount('a')]).toEqual([true, 1]);
    script.answer('a');
    expect([script.sourceOf('a').isDoubtful, script.openCount('a') > 1]).toEqual([false, true]);
  });

  it('lets no source that failed go on with what others began, while one that did not is at hand', () => {
    const script = new EngineScript(2, { blocksPerChunk: 2 });
    for (const name of ['hung', 'other']) script.join(name);
    script.pass(15_250);
    script.join('honest');
    script.pass(5000);
    while (script.answer('honest'));
    expect(script.engine.done.isFull).toBe(true);
    expect([script.openCount('hung'), script.openCount('other')]).toEqual([0, 0]);
  });

  it('uses a last resort when those before it hang', () => {
    const script = new EngineScript(100, { selector: new MeasuredSelector([['far', -1]]) });
    script.join('hung');
    script.join('far');
    script.pass(20_000);
    expect([script.openCount('hung'), script.openCount('far') > 1]).toEqual([1, true]);
  });

  it('asks twice again when those that were asked twice before hang', () => {
    const script = new EngineScript(1, { blocksPerChunk: 16, blockBytes: 1024 * 1024 });
    for (let at = 0; at < 30; at += 1) {
      script.join(`hung-${at}`);
      script.pass(1250);
    }
    script.join('honest');
    for (let round = 0; round < 80; round += 1) {
      script.pass(250);
      while (script.answer('honest')) script.nowMs += 1;
    }
    expect(script.engine.done.isFull).toBe(true);
    expect(script.engine.wastedBytes).toBe(0);
  });

  it('blames no source for time in which the process was away', () => {
    const script = new EngineScript(50);
    script.join('a');
    script.answer('a');
    script.nowMs += 3_600_000;
    script.step({ kind: 'tick' });
    expect(script.openCount('a')).toBeGreaterThan(0);
    expect(script.sourceOf('a').reason).toBeUndefined();
  });

  it('asks twice at the end, keeps the first answer and cancels the other', () => {
    const script = new EngineScript(1, { blocksPerChunk: 8 });
    script.join('slow');
    expect(script.openCount('slow')).toBe(8);
    script.nowMs += 100;
    script.answer('slow');
    script.nowMs += 900;
    script.join('fast');
    script.pass(1000);
    expect(script.openCount('fast')).toBeGreaterThan(0);
    while (script.answer('fast')) script.nowMs += 1;
    expect(script.effects.filter(({ kind }) => kind === 'cancel').length).toBeGreaterThan(0);
    expect(script.engine.wastedBytes).toBe(0);
  });

  it('counts a late answer to a cancelled request as waste, and forgives it', () => {
    const script = new EngineScript(1, { blocksPerChunk: 2 });
    script.join('slow');
    const [late] = script.open.get('slow') ?? [];
    script.pass(2000);
    script.join('fast');
    script.pass(1500);
    while (script.answer('fast'));
    expect(script.engine.done.isFull).toBe(true);
    script.send('slow', late?.id ?? 0, BLOCK_BYTES);
    expect(script.engine.wastedBytes).toBe(BLOCK_BYTES);
    expect(script.effects.filter(({ kind }) => kind === 'drop')).toEqual([]);
    script.send('slow', late?.id ?? 0, BLOCK_BYTES);
    expect(script.effects.filter(({ kind }) => kind === 'drop').length).toBe(1);
  });

  it('bans the one contributor of a bad chunk, and asks another source', () => {
    const script = new EngineScript(1);
    script.isValid = () => script.sourceOf('liar').badChunks > 0;
    script.join('liar');
    script.join('honest');
    while (script.answer('liar'));
    expect(script.sourceOf('liar')).toMatchObject({ badChunks: 1, isConnected: false });
    while (script.answer('honest'));
    expect([script.engine.done.isFull, script.engine.wastedBytes]).toEqual([true, 4 * BLOCK_BYTES]);
  });

  it('fetches a bad chunk of several contributors from one source alone next, and bans nobody yet', () => {
    const script = new EngineScript(1, { blocksPerChunk: 4 });
    let verdicts = 0;
    script.isValid = () => {
      verdicts += 1;
      return verdicts > 1;
    };
    script.join('a');
    script.answer('a');
    script.step({ kind: 'lost', source: 'a', name: 'a', reason: 'reset' });
    script.join('b');
    while (verdicts === 0 && script.answer('b'));
    expect([script.sourceOf('a').badChunks, script.sourceOf('b').badChunks]).toEqual([0, 0]);
    expect([script.sourceOf('a').isOnParole, script.sourceOf('b').isOnParole]).toEqual([true, true]);
    script.join('c');
    script.pass(3000);
    expect(script.openCount('c')).toBe(0);
    while (script.answer('b'));
    expect(script.engine.done.isFull).toBe(true);
  });

  it('lets nobody help with a chunk that was bad once, whoever fetches it', () => {
    const script = new EngineScript(1, { blocksPerChunk: 4 });
    script.isValid = () => false;
    script.join('a');
    script.answer('a');
    script.step({ kind: 'lost', source: 'a', name: 'a', reason: 'reset' });
    script.join('b');
    for (let block = 0; block < 3; block += 1) script.answer('b');
    script.step({ kind: 'lost', source: 'b', name: 'b', reason: 'reset' });
    script.join('c');
    script.join('d');
    script.pass(3000);
    expect([script.openCount('c'), script.openCount('d')]).toEqual([4, 0]);
  });

  it('uses a last resort only while there is nobody else, and a preferred source first', () => {
    const selector = new MeasuredSelector([['far', -1]]);
    const script = new EngineScript(100, { selector });
    script.join('near');
    script.join('far');
    expect([script.openCount('near') > 0, script.openCount('far')]).toEqual([true, 0]);
    script.step({ kind: 'lost', source: 'near', name: 'near', reason: 'reset' });
    script.pass(250);
    expect(script.openCount('far')).toBeGreaterThan(0);
  });

  it('learns that a source lacks a chunk, and does not ask it again', () => {
    const script = new EngineScript(2);
    script.join('a');
    const [{ id, chunk } = { id: 0, chunk: 0 }] = script.open.get('a') ?? [];
    script.step({ kind: 'refused', source: 'a', requestId: id, code: 'chunk_missing' });
    script.open.set('a', []);
    script.pass(1000);
    expect(script.open.get('a')?.some((request) => request.chunk === chunk)).toBe(false);
    expect(script.sourceOf('a').has(chunk)).toBe(false);
  });

  it('drops a source whose torrent has another number of chunks, and ignores chunks that do not exist', () => {
    const script = new EngineScript(5);
    script.join('odd', Bitfield.full(6));
    expect(script.sourceOf('odd').isConnected).toBe(false);
    script.join('a', new Bitfield(5));
    script.step({ kind: 'have', source: 'a', chunks: [-1, 5, 1.5, Number.NaN, 2] });
    expect(script.open.get('a')?.every(({ chunk }) => chunk === 2)).toBe(true);
  });

  it('looks at a few chunks for each pick, of 50,000 chunks and 64 sources', () => {
    const chunkCount = 50_000;
    const random = new SeededRandom(7);
    let lookCount = 0;
    const scheduler: ChunkSchedulerFactory = {
      name: 'counted',
      create: (context) => {
        const rarest = CHUNK_SCHEDULERS['rarest-first'].create(context);
        const pick = rarest.pick.bind(rarest);
        rarest.pick = (isOffered) =>
          pick((chunk) => {
            lookCount += 1;
            return isOffered(chunk);
          });
        return rarest;
      },
    };
    const script = new EngineScript(chunkCount, { blocksPerChunk: 1, scheduler });
    for (let at = 0; at < 64; at += 1) {
      const have = new Bitfield(chunkCount);
      for (let chunk = 0; chunk < chunkCount; chunk += 1) if (at < 4 || random.below(10) < 3) have.add(chunk);
      script.join(`s${at}`, have);
    }
    let isBusy = true;
    while (isBusy) {
      isBusy = false;
      script.nowMs += 5;
      for (let at = 0; at < 64; at += 1) isBusy = script.answer(`s${at}`) || isBusy;
      if (script.nowMs % 250 === 0) script.step({ kind: 'tick' });
    }
    expect(script.engine.done.isFull).toBe(true);
    // Some hundreds, most of them at the end, when few sources have what is left; a scan would look at 25,000.
    expect(lookCount / chunkCount).toBeLessThan(1000);
  });
});
