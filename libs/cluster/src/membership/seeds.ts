import { formatAddress, type HostPort, type Random } from '@panal/runtime';
import type { TrackerId } from '../record.js';
import { JOIN_RETRY_LONELY_MS, JOIN_RETRY_MAX_MS, JOIN_RETRY_MS, SEEDS_MAX } from './limits.js';
import type { Member } from './member.js';

interface Seed {
  readonly address: HostPort;
  attempts: number;
  nextAtMs: number;
  /** Who answered there last; this tracker itself where the address is its own. */
  answeredBy: TrackerId | undefined;
  /** Why it does not want this tracker. */
  refusal: string | undefined;
}

/** Addresses where trackers may be: as configured, found in DNS or by beacon, and those of the last run. */
export class Seeds {
  readonly #seeds = new Map<string, Seed>();

  constructor(
    private readonly selfId: TrackerId,
    private readonly random: Random,
  ) {}

  /** More than SEEDS_MAX are ignored. */
  add(addresses: readonly HostPort[]): void {
    for (const address of addresses) {
      const key = formatAddress(address);
      if (this.#seeds.has(key) || this.#seeds.size >= SEEDS_MAX) continue;
      this.#seeds.set(key, { address, attempts: 0, nextAtMs: 0, answeredBy: undefined, refusal: undefined });
    }
  }

  /**
   * Those that are to be asked now; each is due again later, the later the more often it was asked.
   * @param others Living members: where one of them is, nobody needs to be asked.
   */
  takeDue(steadyMs: number, others: readonly Member[]): readonly HostPort[] {
    const found = new Map(others.map(({ id, cluster }) => [formatAddress(cluster), id]));
    const ids = new Set(found.values());
    const due: HostPort[] = [];
    for (const [key, seed] of this.#seeds) {
      seed.answeredBy = found.get(key) ?? seed.answeredBy;
      if (steadyMs < seed.nextAtMs || seed.answeredBy === this.selfId) continue;
      seed.nextAtMs = steadyMs + this.#pauseMs(seed, others.length === 0);
      if (seed.answeredBy !== undefined && ids.has(seed.answeredBy)) continue;
      seed.attempts += 1;
      due.push(seed.address);
    }
    return due;
  }

  answered(address: HostPort, by: TrackerId): void {
    const seed = this.#seeds.get(formatAddress(address));
    if (seed === undefined) return;
    seed.answeredBy = by;
    seed.refusal = undefined;
    seed.attempts = 0;
  }

  refused(address: HostPort, explanation: string): void {
    const seed = this.#seeds.get(formatAddress(address));
    if (seed !== undefined) seed.refusal = explanation;
  }

  /** Whether every seed but this tracker itself has said yes or no. True where there are none. */
  get areSettled(): boolean {
    return this.#others().every((seed) => seed.answeredBy !== undefined || seed.refusal !== undefined);
  }

  /** Where this tracker was turned away while nobody else let it in. */
  get refusal(): { readonly address: HostPort; readonly explanation: string } | undefined {
    for (const { address, refusal } of this.#others()) {
      if (refusal !== undefined) return { address, explanation: refusal };
    }
    return undefined;
  }

  #others(): readonly Seed[] {
    return [...this.#seeds.values()].filter(({ answeredBy }) => answeredBy !== this.selfId);
  }

  /** With some jitter, so that those who start together do not stay in step. */
  #pauseMs({ attempts }: Seed, isLonely: boolean): number {
    const maxMs = isLonely ? JOIN_RETRY_LONELY_MS : JOIN_RETRY_MAX_MS;
    const pauseMs = Math.min(maxMs, JOIN_RETRY_MS * 2 ** Math.min(attempts, 10));
    return pauseMs * 0.8 + this.random.below(Math.ceil(pauseMs * 0.4));
  }
}
