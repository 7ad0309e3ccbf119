import { formatAddress } from '@panal/runtime';
import { hybridTimeMs } from '@panal/wire';
import type { TrackerId } from '../record.js';
import { TrackerDuplicateError } from './errors.js';
import type { GossipQueue } from './gossip-queue.js';
import { DEPARTED_MAX, DEPARTED_TTL_MS, STAMP_AHEAD_MAX_MS, TRACKERS_MAX } from './limits.js';
import type { LocalHealth } from './local-health.js';
import type { Member, MemberHealth, MemberProfile } from './member.js';
import type { Outbox } from './membership-effect.js';
import type { Accusation, AliveNews, LeftNews } from './news.js';
import { profileOf } from './news.js';
import { Suspicion } from './suspicion.js';

/** News about one member. */
export type MemberNews = AliveNews | Accusation | LeftNews;

interface Known {
  profile: MemberProfile;
  health: MemberHealth;
  /** The incarnation that `health` is about; what a member says of itself later than that clears it. */
  judgedIncarnation: number;
  /** Since when, in steady ms. */
  sinceMs: number;
  /** Who accuses it; its own id where nobody does. */
  by: TrackerId;
  suspicion: Suspicion | undefined;
}

interface Times {
  /** Wall clock. */
  readonly nowMs: number;
  readonly steadyMs: number;
}

/**
 * Who is known, and the rules by which news changes that. A member alone says what it is, each time with a higher
 * incarnation; others can only accuse an incarnation, and the accused objects with the next one. Of two processes with one id
 * the one started later is the member.
 * @see Das, Gupta, Motivala, "SWIM: scalable weakly-consistent infection-style process group membership protocol", 2002
 */
export class Roster {
  readonly #others = new Map<TrackerId, Known>();
  #self: MemberProfile;
  #hasLeft = false;
  #version = 1;
  #returned: TrackerId[] = [];
  /** Made when asked for, until something changes. */
  #living: readonly Member[] | undefined;

  constructor(
    self: MemberProfile,
    private readonly parts: { readonly gossip: GossipQueue; readonly health: LocalHealth; readonly outbox: Outbox },
  ) {
    this.#self = self;
  }

  get self(): MemberProfile {
    return this.#self;
  }

  get hasLeft(): boolean {
    return this.#hasLeft;
  }

  /** Grows with every change that others would notice; not with mere incarnations. */
  get version(): number {
    return this.#version;
  }

  /** All that are neither dead nor left, this tracker included, in the order of their ids. */
  get living(): readonly Member[] {
    this.#living ??= this.listed().filter(({ health }) => isLiving(health));
    return this.#living;
  }

  /** All that are known, this tracker included, in the order of their ids. */
  listed(): readonly Member[] {
    const others = [...this.#others.values()].map(asMember);
    return [...others, this.#selfMember()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  get(id: TrackerId): Member | undefined {
    if (id === this.#self.id) return this.#selfMember();
    const known = this.#others.get(id);
    return known === undefined ? undefined : asMember(known);
  }

  /** Dead ones, not those who left, that died after `sinceMs`. */
  dead(sinceMs = Number.NEGATIVE_INFINITY): readonly Member[] {
    return [...this.#others.values()]
      .filter((known) => known.health === 'dead' && known.sinceMs >= sinceMs)
      .map(asMember);
  }

  /** Members that had departed and live after all, since the last call. */
  takeReturned(): readonly TrackerId[] {
    const returned = this.#returned;
    this.#returned = [];
    return returned;
  }

  /** What the member itself should hear first: that it is accused, or was replaced. */
  newsFor(id: TrackerId): readonly MemberNews[] {
    const known = this.#others.get(id);
    if (known === undefined || (known.health !== 'suspect' && known.health !== 'dead')) return [];
    const { startedAt } = known.profile;
    return [{ kind: known.health, id, startedAt, incarnation: known.judgedIncarnation, by: known.by }];
  }

  /** Says something new about this tracker. */
  change(fields: Partial<Pick<MemberProfile, 'phase' | 'isFit' | 'isCordoned'>>): void {
    const next = { ...this.#self, ...fields };
    if (differs(this.#self, next)) this.#version += 1;
    this.#self = { ...next, incarnation: next.incarnation + 1 };
    this.announce();
  }

  announce(): void {
    this.#living = undefined;
    this.parts.gossip.add(this.ownNews());
  }

  ownNews(): MemberNews {
    if (!this.#hasLeft) return { kind: 'alive', member: this.#self };
    const { id, startedAt, incarnation } = this.#self;
    return { kind: 'left', id, startedAt, incarnation };
  }

  /** After this nothing is learned any more. */
  leave(): void {
    this.#hasLeft = true;
    this.#version += 1;
    this.announce();
  }

  learn(news: MemberNews, times: Times): void {
    const stamps = news.kind === 'alive' ? news.member : news;
    if (this.#hasLeft || isFarAhead(stamps, times.nowMs)) return;
    if (stamps.id === this.#self.id) return this.#learnOfSelf(news);
    if (news.kind === 'alive') return this.#learnAlive(news.member, times);
    const known = this.#others.get(news.id);
    if (known === undefined || news.startedAt !== known.profile.startedAt) return;
    if (news.incarnation < Math.max(known.profile.incarnation, known.judgedIncarnation)) return;
    if (news.kind === 'suspect') this.#learnSuspect(known, news, times);
    else this.#learnDeparted(known, news, times);
  }

  /**
   * All that another tracker knows. What it thinks dead is only suspected here: on the two sides of a network that has healed
   * everyone thinks so of everyone, and may object.
   */
  learnList(members: readonly Member[], by: TrackerId, times: Times): void {
    for (const member of members) {
      const { id, startedAt, incarnation } = member;
      if (!isLiving(member.health) && !this.#others.has(id) && id !== this.#self.id) continue;
      if (member.health !== 'left') this.learn({ kind: 'alive', member: profileOf(member) }, times);
      if (member.health === 'left') this.learn({ kind: 'left', id, startedAt, incarnation }, times);
      else if (member.health !== 'alive') this.learn({ kind: 'suspect', id, startedAt, incarnation, by }, times);
    }
  }

  /** This tracker could not reach it. */
  suspect(id: TrackerId, times: Times): void {
    const known = this.#others.get(id);
    if (known === undefined) return;
    const incarnation = Math.max(known.profile.incarnation, known.judgedIncarnation);
    const { startedAt } = known.profile;
    this.learn({ kind: 'suspect', id, startedAt, incarnation, by: this.#self.id }, times);
  }

  /** Ends suspicions that were not objected to in time, and forgets those long gone. @returns Ids that were forgotten. */
  expire(times: Times): readonly TrackerId[] {
    const forgotten: TrackerId[] = [];
    for (const [id, known] of this.#others) {
      if (known.suspicion?.isOver(times.steadyMs) === true) {
        const { startedAt } = known.profile;
        this.learn({ kind: 'dead', id, startedAt, incarnation: known.judgedIncarnation, by: this.#self.id }, times);
      } else if (!isLiving(known.health) && times.steadyMs - known.sinceMs > DEPARTED_TTL_MS) {
        this.#others.delete(id);
        forgotten.push(id);
      }
    }
    return forgotten;
  }

  #learnOfSelf(news: MemberNews): void {
    const claim = news.kind === 'alive' ? news.member : news;
    if (claim.startedAt > this.#self.startedAt) {
      if (news.kind !== 'alive') return;
      const error = new TrackerDuplicateError(this.#self.id, formatAddress(news.member.cluster));
      this.parts.outbox.add({ kind: 'fatal', error });
      return;
    }
    if (claim.startedAt < this.#self.startedAt) return this.announce();
    const isObjection = news.kind !== 'alive' && claim.incarnation >= this.#self.incarnation;
    if (!isObjection && claim.incarnation <= this.#self.incarnation) return;
    this.#self = { ...this.#self, incarnation: claim.incarnation + 1 };
    if (isObjection) this.parts.health.note(1);
    this.announce();
  }

  #learnAlive(profile: MemberProfile, { steadyMs }: Times): void {
    const known = this.#others.get(profile.id);
    if (known === undefined) return this.#admit(profile, steadyMs);
    if (isSame(profile, known.profile)) return this.#complete(known, profile);
    const isLater =
      profile.startedAt > known.profile.startedAt ||
      (profile.startedAt === known.profile.startedAt && profile.incarnation > known.profile.incarnation);
    const isCleared = profile.startedAt > known.profile.startedAt || profile.incarnation > known.judgedIncarnation;
    const wasLiving = isLiving(known.health);
    if (!isLater || (isCleared && !wasLiving && this.#isFull())) return;
    this.#living = undefined;
    if (differs(known.profile, profile) || (isCleared && known.health !== 'alive')) this.#version += 1;
    known.profile = profile;
    if (isCleared) this.#clear(known, steadyMs);
    if (isCleared && !wasLiving) {
      this.#returned.push(profile.id);
      this.parts.outbox.info('a tracker is back', fieldsOf(profile));
    }
    this.parts.gossip.add({ kind: 'alive', member: profile });
  }

  /** The same again, perhaps with what a tracker of an earlier version could not pass on. */
  #complete(known: Known, profile: MemberProfile): void {
    if (known.profile.isCordoned !== undefined || profile.isCordoned === undefined) return;
    this.#living = undefined;
    known.profile = profile;
    this.#version += 1;
    this.parts.gossip.add({ kind: 'alive', member: profile });
  }

  #admit(profile: MemberProfile, steadyMs: number): void {
    if (this.#isFull()) {
      this.parts.outbox.warn('the cluster is full: a tracker is ignored', {
        ...fieldsOf(profile),
        limit: TRACKERS_MAX,
      });
      return;
    }
    this.#living = undefined;
    const judged = { health: 'alive', judgedIncarnation: profile.incarnation, by: profile.id } as const;
    this.#others.set(profile.id, { profile, ...judged, sinceMs: steadyMs, suspicion: undefined });
    this.#version += 1;
    this.parts.gossip.add({ kind: 'alive', member: profile });
    this.parts.outbox.info('a tracker is there', fieldsOf(profile));
  }

  #clear(known: Known, steadyMs: number): void {
    known.judgedIncarnation = known.profile.incarnation;
    known.by = known.profile.id;
    known.suspicion = undefined;
    if (known.health !== 'alive') known.sinceMs = steadyMs;
    known.health = 'alive';
  }

  #learnSuspect(known: Known, news: Accusation, { steadyMs }: Times): void {
    if (!isLiving(known.health)) return;
    if (known.suspicion !== undefined && news.incarnation === known.judgedIncarnation) {
      if (known.suspicion.confirm(news.by)) this.parts.gossip.add(news);
      return;
    }
    if (known.health !== 'suspect') this.#version += 1;
    known.suspicion = new Suspicion(news.by, steadyMs, this.living.length);
    this.#judge(known, news, steadyMs);
    this.parts.outbox.info('a tracker does not answer', { ...fieldsOf(known.profile), by: news.by });
  }

  #learnDeparted(known: Known, news: Accusation | LeftNews, { steadyMs }: Times): void {
    if (known.health === 'left' || known.health === news.kind) return;
    known.suspicion = undefined;
    this.#version += 1;
    this.#judge(known, news, steadyMs);
    if (news.kind === 'left') this.parts.outbox.info('a tracker left', fieldsOf(known.profile));
    else this.parts.outbox.warn('a tracker is dead', { ...fieldsOf(known.profile), by: news.by });
    this.#boundDeparted();
  }

  #judge(known: Known, news: Accusation | LeftNews, steadyMs: number): void {
    this.#living = undefined;
    known.health = news.kind;
    known.judgedIncarnation = news.incarnation;
    known.by = news.kind === 'left' ? news.id : news.by;
    known.sinceMs = steadyMs;
    this.parts.gossip.add(news);
  }

  /** The longest gone is forgotten first. */
  #boundDeparted(): void {
    const departed = [...this.#others.values()].filter(({ health }) => !isLiving(health));
    if (departed.length <= DEPARTED_MAX) return;
    const oldest = departed.reduce((first, one) => (one.sinceMs < first.sinceMs ? one : first));
    this.#others.delete(oldest.profile.id);
  }

  #isFull(): boolean {
    return this.living.length >= TRACKERS_MAX;
  }

  #selfMember(): Member {
    return { ...this.#self, health: this.#hasLeft ? 'left' : 'alive' };
  }
}

export function isLiving(health: MemberHealth): boolean {
  return health === 'alive' || health === 'suspect';
}

function asMember({ profile, health }: Known): Member {
  return { ...profile, health };
}

/** A stamp that is no accident of clocks: believed, it could never be surpassed by its owner. */
function isFarAhead(stamps: { readonly startedAt: number; readonly incarnation: number }, nowMs: number): boolean {
  return hybridTimeMs(Math.max(stamps.startedAt, stamps.incarnation)) > nowMs + STAMP_AHEAD_MAX_MS;
}

function isSame(one: MemberProfile, other: MemberProfile): boolean {
  return one.startedAt === other.startedAt && one.incarnation === other.incarnation;
}

/** Whether anything changed that placement, clients or people care for. */
function differs(one: MemberProfile, other: MemberProfile): boolean {
  return (
    one.startedAt !== other.startedAt ||
    one.phase !== other.phase ||
    one.name !== other.name ||
    formatAddress(one.rpc) !== formatAddress(other.rpc) ||
    formatAddress(one.cluster) !== formatAddress(other.cluster) ||
    one.zone !== other.zone ||
    one.weight !== other.weight ||
    one.protocol !== other.protocol ||
    one.isCordoned !== other.isCordoned
  );
}

function fieldsOf({ id, name, cluster }: MemberProfile): Record<string, unknown> {
  return { tracker: name, id, address: formatAddress(cluster) };
}
