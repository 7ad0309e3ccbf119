import { type CancelTimer, type ErrorReport, errorReport, type Logger, type Random, type Timers } from '@panal/runtime';
import { LOOKUP_FIRST_MS, LOOKUP_MAX_MS } from '../peer-limits.js';

export interface AnnounceLoopOptions {
  /** Tells the trackers. When it rejects, it is told again. */
  announce(): Promise<void>;
  /** When to tell again though nothing changed, in ms; `undefined`: never. */
  nextMs(): number | undefined;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

/** Announces one torrent: at once when woken, again after a growing pause while a tracker does not take it. */
export class AnnounceLoop {
  #state: 'idle' | 'announcing' | 'announcing-again' | 'stopped' = 'idle';
  #wasAnnounced = false;
  #wasTaken = false;
  #trouble: ErrorReport | null = null;
  #retryMs = LOOKUP_FIRST_MS;
  #cancelTimer: CancelTimer = () => undefined;

  constructor(private readonly options: AnnounceLoopOptions) {}

  /** A tracker has confirmed it at some time: it should know of this torrent. */
  get wasTaken(): boolean {
    return this.#wasTaken;
  }

  get trouble(): ErrorReport | null {
    return this.#trouble;
  }

  /** Announces now, or once more after the announce that is under way. */
  wake(): void {
    if (this.#state === 'announcing') this.#state = 'announcing-again';
    if (this.#state !== 'idle') return;
    this.#cancelTimer();
    this.#state = 'announcing';
    void this.#announce();
  }

  /** @returns Whether any tracker may know of this torrent. */
  stop(): boolean {
    this.#state = 'stopped';
    this.#cancelTimer();
    return this.#wasAnnounced;
  }

  async #announce(): Promise<void> {
    let pauseMs: number | undefined;
    // Set before the answer: a tracker may have taken what it never confirmed.
    this.#wasAnnounced = true;
    try {
      await this.options.announce();
      this.#wasTaken = true;
      this.#trouble = null;
      pauseMs = this.#settled();
    } catch (error) {
      this.#trouble = errorReport(error);
      this.options.logger.warn('A torrent could not be announced', { ...this.#trouble });
      pauseMs = this.#backOff();
    }
    const state = this.#state as 'announcing' | 'announcing-again' | 'stopped';
    if (state === 'stopped') return;
    this.#state = 'idle';
    if (state === 'announcing-again') this.wake();
    else if (pauseMs !== undefined)
      this.#cancelTimer = this.options.timers.after(this.#jittered(pauseMs), () => this.wake());
  }

  #settled(): number | undefined {
    this.#retryMs = LOOKUP_FIRST_MS;
    return this.options.nextMs();
  }

  /** A download asks for sources no less often because a tracker is away. */
  #backOff(): number {
    const pauseMs = Math.min(this.#retryMs, this.options.nextMs() ?? Number.POSITIVE_INFINITY);
    this.#retryMs = Math.min(LOOKUP_MAX_MS, this.#retryMs * 2);
    return pauseMs;
  }

  /** Between 75 and 125 %: peers that were started together shall not ask together for ever. */
  #jittered(pauseMs: number): number {
    return pauseMs * (0.75 + this.options.random.below(501) / 1000);
  }
}
