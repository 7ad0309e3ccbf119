import type { TrackerPhase, TrackerRequest } from './tracker-messages.js';

// What an operator, or a program in its place, asks of one tracker. All since protocol version 2 unless something else is said.

export type ClusterStatusRequest = TrackerRequest;

/** The cluster as one tracker sees it. */
export interface ClusterStatusReply {
  /** Of the tracker that answers. */
  readonly id: string;
  readonly name: string;
  /** Release of Panal. */
  readonly version: string;
  readonly uptimeMs: number;
  /** Why it is not ready, as a sentence; null when it is. */
  readonly whyNotReady: string | null;
  /** All that it remembers, the dead and those who left included, by name. */
  readonly members: readonly MemberView[];
  readonly slots: SlotTotals;
  readonly recordCount: number;
  /** Records of writes that wait for their copies. */
  readonly pendingWrites: number;
  /** Slots being compared, and parts of slots on their way to others. */
  readonly pendingTransfers: number;
  /** 99 of 100 turns of its event loop were at most so late in the last second, ms. */
  readonly eventLoopLagMs: number;
  /** Its clock against the median of all, ms. */
  readonly clockOffsetMs: number;
  /** Counted since its start, by name. */
  readonly counters: Readonly<Record<string, number>>;
  /** What its disk refuses at present, as a sentence; null when nothing. */
  readonly diskTrouble: string | null;
}

/** One tracker, as another one sees it. */
export interface MemberView {
  readonly id: string;
  readonly name: string;
  readonly isSelf: boolean;
  readonly isCoordinator: boolean;
  readonly phase: TrackerPhase;
  readonly health: 'alive' | 'suspect' | 'dead' | 'left';
  readonly zone: string;
  /** `HOST:PORT` for other trackers. */
  readonly address: string;
  /** Its clock against that of the one that answers, ms; null while unknown. */
  readonly clockOffsetMs: number | null;
  /** No record depends on it. @since 3 */
  readonly isCordoned?: boolean;
  /** Highest version of the protocol it speaks. @since 3 */
  readonly protocol?: number;
}

export interface SlotTotals {
  readonly owned: number;
  /** Soon to be owned. */
  readonly pending: number;
  /** Of both, those known to be complete. */
  readonly synced: number;
  /** Of the owned, those with fewer than three owners. */
  readonly underReplicated: number;
  /** Held for others until they confirm that they have them. */
  readonly surplus: number;
}

export interface ClusterSlotsRequest extends TrackerRequest {
  /** First slot, 0 to 16384; the last one stands for what every tracker keeps. */
  readonly from: number;
  /** 1 to SLOT_LIST_MAX. */
  readonly countMax: number;
}

export interface ClusterSlotsReply {
  readonly slotCount: number;
  readonly slots: readonly SlotView[];
}

/** One slot as one tracker sees it. */
export interface SlotView {
  readonly slot: number;
  /** Names of its owners, best first. */
  readonly owners: readonly string[];
  /** Records of it that the answering tracker holds. */
  readonly recordCount: number;
  /** The answering tracker owns it and knows all of it. */
  readonly isAuthoritative: boolean;
}

/** In requests that change something. */
export interface AdminRequest extends TrackerRequest {
  /**
   * Fencing token: whoever gives orders raises it, and an order with a lower one than the tracker has seen is refused, so
   * that a former commander who does not know it yet changes nothing. A tracker with a data folder knows it
   * after a restart, too. 0: a person, who is never refused.
   */
  readonly fence: number;
}

export interface DrainReply {
  readonly phase: TrackerPhase;
}

export interface RepairReply {
  /** Slots that are compared again. */
  readonly slotCount: number;
}

/** To `cordon` and `uncordon`. @since 3 */
export interface CordonReply {
  readonly isCordoned: boolean;
}

/** @since 3 */
export interface SnapshotRequest extends AdminRequest {
  /** What it is called; new among those of the tracker, and written as trackers are named. */
  readonly name: string;
}

/** @since 3 */
export interface SnapshotReply {
  readonly name: string;
  /** Where it is on the machine of the tracker: in `snapshots` of its data folder. */
  readonly folder: string;
  readonly sizeBytes: number;
}
