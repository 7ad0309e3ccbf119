import type { Bitfield, ChunkVerifier } from '@panal/torrent';
import { BlockIntake } from './block-intake.js';
import type { ChunkLayout } from './chunk-layout.js';
import type { ChunkSchedulerFactory } from './chunk-scheduler.js';
import type { ChunkStore } from './chunk-store.js';
import { DownloadEngine } from './download-engine.js';
import type { DownloadPorts } from './download-options.js';
import type { EngineEffect, EngineEvent } from './engine-events.js';
import { PROMPT_MS } from './limits.js';
import { LinkPool } from './link-pool.js';
import type { SourceDialer } from './source-link.js';
import type { SourceSelector } from './source-selector.js';

export interface TransferLoopOptions {
  readonly ports: DownloadPorts;
  readonly layout: ChunkLayout;
  readonly createVerifier: (chunk: number) => ChunkVerifier;
  readonly store: ChunkStore;
  readonly dialer: SourceDialer;
  readonly done: Bitfield;
  readonly scheduler: ChunkSchedulerFactory;
  readonly selector: SourceSelector;
  readonly ownPeerId: string | undefined;
  /** A chunk is verified and written. */
  readonly onDone: (chunk: number) => void;
  /** The store refused a write; `retry` tries again. */
  readonly onWriteTrouble: (error: unknown, retry: () => Promise<void>) => void;
}

/** How long a link of no use keeps its place when others wait for one. */
const USELESS_MS = 30_000;

/**
 * Joins the engine, which decides, with links and disk, which act. What happens becomes an event; the effects of one
 * event are carried out, in order, before the next is looked at, even when carrying them out makes events at once.
 */
export class TransferLoop {
  readonly engine: DownloadEngine;
  readonly intake: BlockIntake;
  readonly links: LinkPool;
  readonly #options: TransferLoopOptions;
  readonly #events: EngineEvent[] = [];
  #isDraining = false;
  #roomMadeAtMs: number;

  constructor(options: TransferLoopOptions) {
    const { ports, layout, store, dialer, selector } = options;
    this.#options = options;
    this.#roomMadeAtMs = ports.clock.monotonicMs();
    this.engine = new DownloadEngine({ ...options, random: ports.random, nowMs: this.#roomMadeAtMs });
    this.intake = new BlockIntake({
      store,
      layout,
      createVerifier: options.createVerifier,
      onSettled: (kind, chunk, begin) => this.dispatch({ kind, chunk, begin }),
      onTrouble: (error) => options.onWriteTrouble(error, () => this.intake.retry()),
    });
    this.links = new LinkPool({
      dialer,
      ...ports,
      ownPeerId: options.ownPeerId,
      emit: (event) => this.dispatch(event),
      scoreOf: (peerId, name) => this.#scoreOf(peerId, name, selector),
    });
  }

  dispatch(event: EngineEvent): void {
    this.#events.push(event);
    if (this.#isDraining) return;
    this.#isDraining = true;
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
        for (const effect of this.engine.step(next, this.#options.ports.clock.monotonicMs())) this.#perform(effect);
      }
    } finally {
      this.#isDraining = false;
    }
  }

  /** Wanted every TICK_MS. */
  tick(): void {
    this.dispatch({ kind: 'tick' });
    this.#makeRoom();
    this.#tryElsewhere();
    this.links.dialMore();
  }

  #perform(effect: EngineEffect): void {
    switch (effect.kind) {
      case 'request':
        return this.links.request(effect.source, effect.request);
      case 'cancel':
        return this.links.cancel(effect.source, effect.requestId);
      case 'drop':
        this.#options.ports.logger.info('A source is dropped.', { source: effect.source, reason: effect.reason });
        if (effect.isLiar) this.links.blame(effect.source);
        return this.links.drop(effect.source, effect.reason);
      case 'store':
        return this.intake.take(effect.block, effect.chunk, effect.begin);
      case 'release':
        return effect.block.release();
      case 'judge':
        return this.dispatch({ kind: 'judged', chunk: effect.chunk, isValid: this.intake.judge(effect.chunk) });
      case 'forget':
        return this.intake.forget(effect.chunk);
      case 'done':
        return this.#options.onDone(effect.chunk);
    }
  }

  #scoreOf(peerId: string, name: string, selector: SourceSelector): number | undefined {
    const record = this.engine.sourceOf(peerId);
    if (record?.penalty.isOver(this.#options.ports.clock.monotonicMs()) === false) return undefined;
    const stranger = {
      name,
      speed: 0,
      stability: 0,
      chunksDone: 0,
      badChunks: 0,
      isComplete: false,
      isDoubtful: false,
    };
    return selector.score(record ?? stranger);
  }

  /** Whoever calls itself a peer and brings nothing does not keep that peer's place. */
  #tryElsewhere(): void {
    const nowMs = this.#options.ports.clock.monotonicMs();
    for (const source of this.engine.sources) {
      if (!source.isConnected || !source.isDoubtful) continue;
      if (source.owedCount > 0 && source.silentMs(nowMs) < PROMPT_MS) continue;
      const { peerId, name } = source;
      if (!this.links.leaveForBetter(peerId)) continue;
      this.dispatch({ kind: 'lost', source: peerId, name, reason: 'it is tried at another address' });
      this.dispatch({ kind: 'forgiven', source: peerId });
    }
  }

  /** When all places are taken, one that has nothing we want, or hangs, goes now and then, lest others never get in. */
  #makeRoom(): void {
    const nowMs = this.#options.ports.clock.monotonicMs();
    if (!this.links.isFull || !this.links.hasIdle || nowMs - this.#roomMadeAtMs < USELESS_MS) return;
    for (const { peerId, name, isConnected, isDoubtful, wantedCount, owedCount } of this.engine.sources) {
      if (!isConnected || (!isDoubtful && (wantedCount > 0 || owedCount > 0))) continue;
      this.#roomMadeAtMs = nowMs;
      this.links.drop(peerId, 'others wait for the place');
      this.dispatch({
        kind: 'lost',
        source: peerId,
        name,
        reason: isDoubtful ? 'it brought nothing' : 'it had nothing that was missing',
      });
      return;
    }
  }
}
