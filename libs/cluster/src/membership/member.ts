import type { HostPort } from '@panal/runtime';
import type { TrackerId } from '../record.js';

/** joining: takes over data and owns none yet. leaving: hands over, still serves, owns nothing. */
export type MemberPhase = 'joining' | 'active' | 'leaving';

/** suspect: did not answer and may still say that it lives. dead: did not. left: said goodbye. */
export type MemberHealth = 'alive' | 'suspect' | 'dead' | 'left';

/** What a tracker says about itself. Only it ever makes a new version of this. */
export interface MemberProfile {
  readonly id: TrackerId;
  readonly name: string;
  /** Hybrid stamp of the process start: tells a restart, or a copy of the data folder, from the same process. */
  readonly startedAt: number;
  /** Raised with every change and to refute a suspicion. Starts as `startedAt`, so a restart is always higher. */
  readonly incarnation: number;
  readonly phase: MemberPhase;
  /** Where clients reach it. */
  readonly rpc: HostPort;
  /** TCP and UDP, tracker to tracker. */
  readonly cluster: HostPort;
  /** Failure domain; trackers without one share the empty zone. */
  readonly zone: string;
  /** Share of the data it takes, against those of others: WEIGHT_MIN to WEIGHT_MAX, 1 by default. */
  readonly weight: number;
  /** Highest version of the protocol it speaks. */
  readonly protocol: number;
  /** Whether it thinks itself fit to coordinate: active, in sync and not under stress. */
  readonly isFit: boolean;
  /**
   * No record shall depend on it; see CordonPlacement. Absent: nobody said so, as trackers of version 2 pass it on without.
   * @since 3
   */
  readonly isCordoned?: boolean;
}

/** A tracker as this one sees it. */
export interface Member extends MemberProfile {
  readonly health: MemberHealth;
}

/** Versions of the protocol that brought fields of what members say about themselves. */
export const PROFILE_VERSIONS = { isCordoned: 3 } as const;

/**
 * Whether cordons count: only once every living member knows of them. Until then some would place by them and others not, and
 * what one side hands over the other would not take.
 */
export function areCordonsKnown(living: readonly MemberProfile[]): boolean {
  return namesWithoutCordons(living).length === 0;
}

/** Of the members that do not know of cordons, sorted. */
export function namesWithoutCordons(living: readonly MemberProfile[]): readonly string[] {
  return living.flatMap(({ name, protocol }) => (protocol < PROFILE_VERSIONS.isCordoned ? [name] : [])).sort();
}
