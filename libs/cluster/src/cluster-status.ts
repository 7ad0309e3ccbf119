import type { MemberHealth, MemberPhase } from './membership/member.js';
import type { TrackerId } from './record.js';
import type { ReplicationCounters } from './replication/counters.js';
import type { SlotCounts } from './replication/slot-states.js';

/** One tracker, as the one that was asked sees it. */
export interface MemberStatus {
  readonly id: TrackerId;
  readonly name: string;
  readonly isSelf: boolean;
  readonly isCoordinator: boolean;
  readonly phase: MemberPhase;
  readonly health: MemberHealth;
  /** No record shall depend on it; whether that is in force already, see `areCordonsKnown`. */
  readonly isCordoned: boolean;
  /** Highest version of the protocol it speaks. */
  readonly protocol: number;
  readonly zone: string;
  /** `HOST:PORT` for other trackers. */
  readonly address: string;
  /** Its clock against the asked one's, ms; ahead is above 0. Undefined while unknown. */
  readonly clockOffsetMs: number | undefined;
}

/** What `panal cluster status` shows of one tracker. */
export interface ClusterStatus {
  /** All that are remembered, the dead and those who left included, by name. */
  readonly members: readonly MemberStatus[];
  readonly slots: SlotCounts & {
    /** Held for others until they have confirmed that they have them. */
    readonly surplus: number;
  };
  readonly recordCount: number;
  /** Records of writes that wait for their copies. */
  readonly pendingWrites: number;
  /** Slots being compared, and parts of slots on their way to others. */
  readonly pendingTransfers: number;
  /** All owned slots are in sync. */
  readonly isSynced: boolean;
  /** 0: trusts its own judgement about others, 7: does not. */
  readonly awareness: number;
  /** Own clock against the median of all, ms. */
  readonly ownClockOffsetMs: number;
  readonly counters: Readonly<ReplicationCounters>;
}
