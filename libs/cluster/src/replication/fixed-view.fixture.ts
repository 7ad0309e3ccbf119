import type { Member } from '../membership/member.js';
import type { ClusterView } from '../membership/view.js';
import { EVERYWHERE } from '../placement/slot.js';
import type { TrackerId } from '../record.js';
import { COPY_COUNT } from './limits.js';

/** The id of the n-th tracker; they sort in that order. */
export function trackerId(number: number): TrackerId {
  return String(number).padStart(32, '0');
}

function memberOf(id: TrackerId, rest: Partial<Member> = {}): Member {
  return {
    id,
    name: `t${Number(id)}`,
    startedAt: 1,
    incarnation: 1,
    phase: 'active',
    rpc: { host: 'host', port: 5555 },
    cluster: { host: 'host', port: 5560 },
    zone: '',
    weight: 1,
    protocol: 1,
    isFit: true,
    health: 'alive',
    ...rest,
  };
}

/** A view that a test makes and changes. The ranking of a slot begins with the member whose place is `slot` modulo their number. */
export class FixedView implements ClusterView {
  version = 1;
  #all: readonly Member[];

  constructor(count: number) {
    this.#all = Array.from({ length: count }, (_, at) => memberOf(trackerId(at + 1)));
  }

  get placementVersion(): number {
    return this.version;
  }

  get members(): readonly Member[] {
    return this.#all.filter(({ health }) => health === 'alive' || health === 'suspect');
  }

  /** Changes, or adds, a member. */
  set(id: TrackerId, rest: Partial<Member>): void {
    const former = this.#all.find((one) => one.id === id);
    const member = { ...(former ?? memberOf(id)), ...rest };
    this.#all = [...this.#all.filter((one) => one.id !== id), member].sort((a, b) => (a.id < b.id ? -1 : 1));
    this.version += 1;
  }

  member(id: TrackerId): Member | undefined {
    return this.#all.find((one) => one.id === id);
  }

  ranking(slot: number): readonly TrackerId[] {
    return rank(
      slot,
      this.members.filter(({ phase }) => phase === 'active'),
    );
  }

  owners(slot: number): readonly TrackerId[] {
    return slot === EVERYWHERE ? this.ranking(slot) : this.ranking(slot).slice(0, COPY_COUNT);
  }

  pendingOwners(slot: number): readonly TrackerId[] {
    const ranked = rank(
      slot,
      this.members.filter(({ phase }) => phase !== 'leaving'),
    );
    return slot === EVERYWHERE ? ranked : ranked.slice(0, COPY_COUNT);
  }
}

function rank(slot: number, members: readonly Member[]): readonly TrackerId[] {
  const first = members.length === 0 ? 0 : slot % members.length;
  return [...members.slice(first), ...members.slice(0, first)].map(({ id }) => id);
}
