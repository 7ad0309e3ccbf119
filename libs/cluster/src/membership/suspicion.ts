import type { TrackerId } from '../record.js';
import { PROBE_INTERVAL_MS, SUSPICION_MULTIPLIER, SUSPICION_SPREAD } from './limits.js';

/**
 * How long a suspect has to object. The more members found out for themselves, the shorter: from `maxMs`, with nobody else,
 * down to `minMs` with all the confirmations that were hoped for.
 * @param confirmationsHoped 0 gives `minMs`.
 * @see memberlist, `remainingSuspicionTime`
 */
export function suspicionMs(options: {
  readonly confirmations: number;
  readonly confirmationsHoped: number;
  readonly minMs: number;
  readonly maxMs: number;
}): number {
  const { confirmations, confirmationsHoped, minMs, maxMs } = options;
  if (confirmationsHoped < 1) return minMs;
  const share = Math.log(confirmations + 1) / Math.log(confirmationsHoped + 1);
  return Math.max(minMs, Math.floor(maxMs - share * (maxMs - minMs)));
}

/** A member that did not answer, and who says so. */
export class Suspicion {
  readonly #accusers: Set<TrackerId>;
  readonly #minMs: number;
  readonly #confirmationsHoped: number;

  /** @param memberCount Living members, the suspect and this tracker included. */
  constructor(
    by: TrackerId,
    private readonly sinceMs: number,
    memberCount: number,
  ) {
    this.#accusers = new Set([by]);
    this.#minMs = SUSPICION_MULTIPLIER * PROBE_INTERVAL_MS * Math.max(1, Math.log10(memberCount));
    const hoped = SUSPICION_MULTIPLIER - 2;
    // Where there are too few others, waiting for them would only be waiting.
    this.#confirmationsHoped = memberCount - 2 < hoped ? 0 : hoped;
  }

  /** @returns Whether this is news worth telling on: another accuser, and not more of them than help. */
  confirm(by: TrackerId): boolean {
    if (this.#accusers.has(by) || this.#accusers.size > this.#confirmationsHoped) return false;
    this.#accusers.add(by);
    return true;
  }

  isOver(nowMs: number): boolean {
    return nowMs - this.sinceMs >= this.#timeoutMs();
  }

  #timeoutMs(): number {
    return suspicionMs({
      confirmations: this.#accusers.size - 1,
      confirmationsHoped: this.#confirmationsHoped,
      minMs: this.#minMs,
      maxMs: this.#minMs * SUSPICION_SPREAD,
    });
  }
}
