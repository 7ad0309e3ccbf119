import {
  AVOID_MS,
  AVOID_MS_MAX,
  BAN_GROWTH,
  BAN_MS,
  BAN_MS_MAX,
  BUSY_MS,
  BUSY_MS_MAX,
  MISCONDUCT_MS,
} from './limits.js';

/** What a source did. `busy` and `lost` may happen to the best; `bad-chunk` is a lie or a broken disk. */
export type Offence = 'busy' | 'stalled' | 'lost' | 'refused' | 'misconduct' | 'bad-chunk';

/** For how long a source is left alone. Each strike doubles the time; each chunk it completes takes one back. */
export class Penalty {
  #untilMs = 0;
  #strikes = 0;
  #bans = 0;

  get strikes(): number {
    return this.#strikes;
  }

  /** When it may be asked or dialled again; in the past when it may now. */
  get untilMs(): number {
    return this.#untilMs;
  }

  isOver(nowMs: number): boolean {
    return nowMs >= this.#untilMs;
  }

  punish(offence: Offence, nowMs: number): void {
    this.#untilMs = Math.max(this.#untilMs, nowMs + this.#durationMs(offence));
    if (offence === 'bad-chunk') this.#bans += 1;
    else this.#strikes += 1;
  }

  /** It completed a chunk. Bans are not forgotten: bad data is not made good by good data. */
  relent(): void {
    this.#strikes = Math.max(0, this.#strikes - 1);
  }

  /** A new address is a new chance, save for a ban. */
  forgive(): void {
    if (this.#bans > 0) return;
    this.#untilMs = 0;
    this.#strikes = 0;
  }

  /** Somebody else did what it was banned for last. */
  acquit(): void {
    this.#bans = Math.max(0, this.#bans - 1);
    this.#untilMs = 0;
  }

  #durationMs(offence: Offence): number {
    switch (offence) {
      case 'busy':
        return Math.min(BUSY_MS_MAX, BUSY_MS * 2 ** this.#strikes);
      case 'misconduct':
        return MISCONDUCT_MS * 2 ** Math.min(this.#strikes, 5);
      case 'bad-chunk':
        return Math.min(BAN_MS_MAX, BAN_MS * BAN_GROWTH ** this.#bans);
      case 'stalled':
      case 'lost':
      case 'refused':
        return Math.min(AVOID_MS_MAX, AVOID_MS * 2 ** this.#strikes);
    }
  }
}
