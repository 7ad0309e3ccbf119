import { type Clock, formatAddress, type HostPort, type Random } from '@panal/runtime';
import type { ClusterMembersReply, TrackerMember, TrackerView } from '@panal/wire';
import { TRACKER_FORGET_MS, TRACKERS_REMEMBERED_MAX } from './limits.js';
import type { KnownTracker } from './tracker-set-tracker.js';

export interface TrackerBookOptions {
  readonly seeds: readonly HostPort[];
  readonly clock: Clock;
  readonly random: Random;
  make(address: HostPort, isSeed: boolean): KnownTracker;
  /** It is in the book no more, and should be closed. */
  onForgotten(tracker: KnownTracker): void;
}

/**
 * Which trackers there are: those the user named, those remembered from an earlier start, and those a tracker listed. Bounded
 * by the sizes of a list and of what is remembered; the ones a user named stay for ever.
 */
export class TrackerBook {
  readonly #trackers = new Map<string, KnownTracker>();
  readonly #options: TrackerBookOptions;
  #clusterId: string | undefined;
  #ranked: readonly KnownTracker[] | undefined;

  constructor(options: TrackerBookOptions) {
    this.#options = options;
    for (const address of options.seeds) this.#add(address, true);
  }

  /** Those the user named first, in that order. */
  get all(): readonly KnownTracker[] {
    return [...this.#trackers.values()];
  }

  /** All, best first: see `rankOf`. Those equally good are in an order of this process's own. */
  get ranked(): readonly KnownTracker[] {
    this.#ranked ??= this.all
      .map((tracker) => ({ tracker, rank: this.rankOf(tracker) }))
      .sort((a, b) => a.rank - b.rank || a.tracker.lot - b.tracker.lot)
      .map(({ tracker }) => tracker);
    return this.#ranked;
  }

  /** Each tracker once: of one known by several addresses, the one that is connected, or was named. */
  get distinct(): readonly KnownTracker[] {
    const best = new Map<string, KnownTracker>();
    for (const tracker of this.#trackers.values()) {
      const key = tracker.id ?? tracker.name;
      const known = best.get(key);
      if (known === undefined || (tracker.isConnected && !known.isConnected)) best.set(key, tracker);
    }
    return [...best.values()];
  }

  /** The tracker that listens there, under whichever of its addresses it is connected. */
  find(address: string): KnownTracker | undefined {
    const named = this.#trackers.get(address);
    if (named === undefined || named.isConnected) return named;
    return this.all.find((tracker) => tracker.isConnected && tracker.isSameAs(named)) ?? named;
  }

  /** What there is to see of one. A list is the better judge of who is gone than a connection that is not needed. */
  viewOf(tracker: KnownTracker): TrackerView {
    const { view, member, isConnected, isRefusing } = tracker;
    const isGone = this.#clusterId !== undefined && member?.isAlive !== true;
    return isGone && !isConnected && !isRefusing ? { ...view, state: 'away' } : view;
  }

  /** Adds what an earlier start learned, as if it had been listed now. */
  remember(addresses: readonly HostPort[]): void {
    for (const address of addresses.slice(0, TRACKERS_REMEMBERED_MAX)) {
      if (!this.#trackers.has(formatAddress(address))) this.#add(address, false);
    }
  }

  /**
   * Takes the list that `from` gave. The list of another cluster is taken only when `isLost`: none of ours can be reached.
   * @returns Whether the members are others than before.
   */
  take(list: ClusterMembersReply, from: KnownTracker, isLost: boolean): boolean {
    if (list.self !== undefined) from.id = list.self;
    from.epoch = list.epoch;
    from.isForeign = this.#clusterId !== undefined && this.#clusterId !== list.clusterId && !isLost;
    this.#ranked = undefined;
    if (from.isForeign) return false;
    const before = this.#memberKey();
    this.#clusterId = list.clusterId;
    this.#apply(list.members);
    this.forget();
    return this.#memberKey() !== before;
  }

  /** Forgets who was last listed too long ago, and, of those not listed any more, all but the latest. */
  forget(): void {
    const nowMs = this.#options.clock.monotonicMs();
    const unlisted = this.all
      .filter(({ isSeed, member }) => !isSeed && member === undefined)
      .sort((a, b) => b.listedAtMs - a.listedAtMs);
    unlisted.forEach((tracker, index) => {
      const isOld = nowMs - tracker.listedAtMs >= TRACKER_FORGET_MS;
      if (isOld || index >= TRACKERS_REMEMBERED_MAX) this.drop(tracker);
    });
  }

  drop(tracker: KnownTracker): void {
    if (!this.#trackers.delete(tracker.name)) return;
    this.#ranked = undefined;
    this.#options.onForgotten(tracker);
  }

  /** What is worth remembering for the next start, at most TRACKERS_REMEMBERED_MAX: those in the list first. */
  learned(): HostPort[] {
    return this.ranked
      .filter(({ isSeed, member, name }) => !isSeed || (member !== undefined && isAt(member.rpc, name)))
      .slice(0, TRACKERS_REMEMBERED_MAX)
      .map(({ address }) => address);
  }

  /** A tracker out of the best that are not `without`, by lot, heavier ones more often. */
  draw(without?: KnownTracker): KnownTracker | undefined {
    const others = this.ranked.filter((tracker) => without === undefined || !tracker.isSameAs(without));
    const [first] = others;
    if (first === undefined) return undefined;
    const best = others.filter((tracker) => this.rankOf(tracker) === this.rankOf(first));
    return pickByWeight(best, this.#options.random);
  }

  /**
   * How willingly it is asked, 0 first: a working member; one no list has named yet; one that comes or goes; one that left the
   * list; one the cluster calls dead; one of another cluster.
   */
  rankOf({ member, isSeed, isForeign }: KnownTracker): number {
    if (isForeign) return 5;
    if (member === undefined) return isSeed || this.#clusterId === undefined ? 1 : 3;
    if (!member.isAlive) return 4;
    return member.phase === 'active' ? 0 : 2;
  }

  #add(address: HostPort, isSeed: boolean): KnownTracker {
    const tracker = this.#options.make(address, isSeed);
    this.#trackers.set(tracker.name, tracker);
    this.#ranked = undefined;
    return tracker;
  }

  #apply(members: readonly TrackerMember[]): void {
    const byId = new Map(members.map((member) => [member.id, member]));
    for (const { id, rpc } of members) {
      // A tracker that listens everywhere and was told no address to advertise is found by the one it was reached at.
      if (!isReachable(rpc)) continue;
      const tracker = this.#trackers.get(formatAddress(rpc)) ?? this.#add(rpc, false);
      tracker.id = id;
      tracker.isForeign = false;
    }
    const nowMs = this.#options.clock.monotonicMs();
    for (const tracker of this.#trackers.values()) {
      const member = tracker.id === undefined ? undefined : byId.get(tracker.id);
      // An address that nobody vouches for any more is an old one: the member has moved.
      const isCurrent = tracker.isSeed || tracker.isConnected || member === undefined || isAt(member.rpc, tracker.name);
      tracker.member = isCurrent ? member : undefined;
      if (tracker.member !== undefined) tracker.listedAtMs = nowMs;
    }
  }

  #memberKey(): string {
    const states = this.all.map(({ name, id, member }) =>
      member === undefined ? name : `${name} ${id} ${member.phase} ${member.isAlive}`,
    );
    return states.sort().join('\n');
  }
}

function isAt(address: HostPort, name: string): boolean {
  return formatAddress(address) === name;
}

function isReachable({ host }: HostPort): boolean {
  return host !== '' && host !== '0.0.0.0' && host !== '::';
}

function pickByWeight(trackers: readonly KnownTracker[], random: Random): KnownTracker | undefined {
  const weights = trackers.map(({ member }) => member?.weight ?? 1);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  let at = (random.below(DRAW_STEPS) / DRAW_STEPS) * sum;
  for (const [index, tracker] of trackers.entries()) {
    at -= weights[index] as number;
    if (at < 0) return tracker;
  }
  return trackers.at(-1);
}

/** As fine as a weight can matter. */
const DRAW_STEPS = 2 ** 30;
