import { type HybridClock, hybridTimeMs } from '@panal/wire';
import type { TrackerId } from '../record.js';
import type { GossipQueue } from './gossip-queue.js';
import { COORDINATOR_LEASE_MS, COORDINATOR_RENEWAL_MS, COORDINATOR_UPTIME_MS, STAMP_AHEAD_MAX_MS } from './limits.js';
import type { Member } from './member.js';
import type { CoordinatorNews } from './news.js';
import type { Roster } from './roster.js';

interface Reign {
  readonly id: TrackerId;
  readonly term: number;
  readonly renewal: number;
  readonly untilMs: number;
}

/** Whether a member may coordinate: it takes part fully, has done so for a while, and is well. */
function isEligible(member: Member, nowMs: number): boolean {
  return (
    member.phase === 'active' &&
    member.health === 'alive' &&
    member.isFit &&
    nowMs - hybridTimeMs(member.startedAt) >= COORDINATOR_UPTIME_MS
  );
}

/** The one with the highest id of all that may. Pure: trackers with the same view name the same one. */
export function coordinatorOf(members: readonly Member[], nowMs: number): TrackerId | undefined {
  let highest: TrackerId | undefined;
  for (const member of members) {
    if (isEligible(member, nowMs) && (highest === undefined || member.id > highest)) highest = member.id;
  }
  return highest;
}

/**
 * Who coordinates. There is no vote: the eligible member with the highest id takes a lease and tells everyone; so in a network
 * that is cut there is one on each side. What a coordinator may do must therefore be harmless when two do it.
 */
export class CoordinatorElection {
  #reign: Reign | undefined;
  /** What was said under the highest term heard of, whoever's it was. */
  #highest: CoordinatorNews | undefined;
  #renewAtMs = 0;

  constructor(
    private readonly parts: {
      readonly roster: Roster;
      readonly gossip: GossipQueue;
      readonly hybridClock: HybridClock;
    },
  ) {}

  /** Whose lease runs, as this tracker knows it. */
  current(nowMs: number, steadyMs: number): TrackerId | undefined {
    const reign = this.#reign;
    if (reign === undefined || steadyMs >= reign.untilMs) return undefined;
    const member = this.parts.roster.get(reign.id);
    return member !== undefined && isEligible(member, nowMs) ? reign.id : undefined;
  }

  tick(nowMs: number, steadyMs: number): void {
    const selfId = this.parts.roster.self.id;
    if (coordinatorOf(this.parts.roster.living, nowMs) !== selfId) {
      if (this.#reign?.id === selfId) this.#reign = undefined;
      return;
    }
    const held = this.#reign?.id === selfId && this.#reign.term >= this.#termMax ? this.#reign : undefined;
    if (held !== undefined && steadyMs < this.#renewAtMs) return;
    const term = held?.term ?? Math.max(this.parts.hybridClock.tick(nowMs), this.#termMax + 1);
    const renewal = held === undefined ? 0 : held.renewal + 1;
    this.#renewAtMs = steadyMs + COORDINATOR_RENEWAL_MS;
    this.#accept({ kind: 'coordinator', id: selfId, term, renewal, leaseMs: COORDINATOR_LEASE_MS }, steadyMs);
  }

  learn(news: CoordinatorNews, nowMs: number, steadyMs: number): void {
    if (hybridTimeMs(news.term) > nowMs + STAMP_AHEAD_MAX_MS) return;
    const isRightful = coordinatorOf(this.parts.roster.living, nowMs) === news.id;
    if (news.term < this.#termMax) {
      // After a cut its term may be the lower one. It has to hear of the other, to surpass it.
      if (isRightful && this.#highest !== undefined) this.parts.gossip.add(this.#highest);
      return;
    }
    if (news.term > this.#termMax) this.#highest = news;
    const known = this.#reign;
    if (known?.id === news.id && known.term === news.term && news.renewal <= known.renewal) return;
    if (isRightful) this.#accept(news, steadyMs);
  }

  get #termMax(): number {
    return this.#highest?.term ?? 0;
  }

  #accept(news: CoordinatorNews, steadyMs: number): void {
    const { id, term, renewal, leaseMs } = news;
    this.#highest = news;
    this.#reign = { id, term, renewal, untilMs: steadyMs + leaseMs };
    this.parts.gossip.add(news);
  }
}
