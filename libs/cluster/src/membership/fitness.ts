import type { ClockOffsets } from './clock-offsets.js';
import { CLOCK_OFFSET_MAX_MS, COORDINATOR_AWARENESS_MAX, FITNESS_INTERVAL_MS } from './limits.js';
import type { LocalHealth } from './local-health.js';
import type { Outbox } from './membership-effect.js';
import type { Roster } from './roster.js';

/** Whether this tracker is well enough to coordinate, and whether its clock is right. */
export class Fitness {
  isSynced = false;
  #isClockHealthy = true;
  #nextAtMs = 0;

  constructor(
    private readonly parts: {
      readonly roster: Roster;
      readonly health: LocalHealth;
      readonly offsets: ClockOffsets;
      readonly outbox: Outbox;
    },
  ) {}

  get isClockHealthy(): boolean {
    return this.#isClockHealthy;
  }

  tick(steadyMs: number): void {
    if (steadyMs < this.#nextAtMs) return;
    this.#nextAtMs = steadyMs + FITNESS_INTERVAL_MS;
    this.#checkClock();
    const { roster } = this.parts;
    const isFit = this.#isFit(roster.self.isFit);
    if (isFit !== roster.self.isFit) roster.change({ isFit });
  }

  /** Who was unfit has to be well again, not just less bad: else it comes and goes. */
  #isFit(wasFit: boolean): boolean {
    const { roster, health } = this.parts;
    const awarenessMax = wasFit ? COORDINATOR_AWARENESS_MAX : 0;
    const { phase, isCordoned } = roster.self;
    // A cordoned one may be stopped at any time.
    const isMeantToStay = phase === 'active' && isCordoned !== true;
    return isMeantToStay && this.isSynced && this.#isClockHealthy && health.awareness <= awarenessMax;
  }

  #checkClock(): void {
    const { offsets, outbox } = this.parts;
    const offsetMs = Math.round(offsets.ownMs());
    const isHealthy = Math.abs(offsetMs) <= CLOCK_OFFSET_MAX_MS;
    if (isHealthy === this.#isClockHealthy) return;
    this.#isClockHealthy = isHealthy;
    if (isHealthy) outbox.info('the clock is right again', { offsetMs });
    else outbox.warn('the clock is wrong: synchronize it with NTP', { offsetMs });
  }
}
