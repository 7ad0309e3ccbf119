import type { TrackerId } from '../record.js';
import { CLOCK_SAMPLES } from './limits.js';

/** How far the clock of another tracker is ahead of ours (below 0: behind), and how long an answer of it takes. */
export interface ClockOffset {
  readonly id: TrackerId;
  readonly offsetMs: number;
  readonly roundTripMs: number;
}

/** When a question was sent and answered, by our clocks, and the wall clock of whom was asked in between. */
export interface ClockReading {
  readonly sentAtMs: number;
  readonly roundTripMs: number;
  readonly theirTimeMs: number;
}

/**
 * Wall clocks of the other trackers against ours, from the answers to probes. Of the last samples the one with the shortest
 * way is believed: its error is at most half of that way.
 * @see RFC 5905, clock filter
 */
export class ClockOffsets {
  readonly #samples = new Map<TrackerId, ClockOffset[]>();

  note(id: TrackerId, { sentAtMs, roundTripMs, theirTimeMs }: ClockReading): void {
    const samples = this.#samples.get(id) ?? [];
    samples.push({ id, offsetMs: theirTimeMs - (sentAtMs + roundTripMs / 2), roundTripMs });
    if (samples.length > CLOCK_SAMPLES) samples.shift();
    this.#samples.set(id, samples);
  }

  forget(id: TrackerId): void {
    this.#samples.delete(id);
  }

  /** In the order of the ids. */
  all(): readonly ClockOffset[] {
    return [...this.#samples.values()]
      .map((samples) => samples.reduce((best, one) => (one.roundTripMs < best.roundTripMs ? one : best)))
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** How far our clock is off the median of all, ours included; ahead is above 0. */
  ownMs(): number {
    const offsets = [0, ...this.all().map(({ offsetMs }) => offsetMs)].sort((a, b) => a - b);
    const middle = (offsets.length - 1) / 2;
    const low = offsets[Math.floor(middle)] ?? 0;
    const high = offsets[Math.ceil(middle)] ?? 0;
    return 0 - (low + high) / 2;
  }
}
