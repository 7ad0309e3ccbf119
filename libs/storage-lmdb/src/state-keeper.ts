import { type Clock, formatAddress, type HostPort, parseAddress } from '@panal/runtime';
import { HybridClock, hybridTimeMs } from '@panal/wire';
import type { FolderState, StandingOrders } from './folder-state.js';
import { CLOCK_MARK_AHEAD_MS, CLOCK_MARK_STEP_MS, MEMBERS_KEPT_MAX, STATE_INTERVAL_MS } from './limits.js';
import type { RecordFolder } from './record-folder.js';
import { failureError, storeFailure } from './store-failure.js';
import type { Trouble } from './trouble.js';

/** What a tracker knew when it ended. */
export interface Restored {
  /** This start included; 1 is the first one. Greater than at any earlier start from this folder. */
  readonly startCount: number;
  /** Hybrid stamp that every new one must exceed: what a HybridClock starts from. */
  readonly clock: number;
  /** Wall clock, ms since 1970, when it was last known to run; `undefined` on the first start. */
  readonly lastAliveMs: number | undefined;
  /** Where members of the cluster were. */
  readonly members: readonly HostPort[];
  readonly orders: Required<StandingOrders>;
}

/** Keeps what is needed beside the records, a few seconds ahead of the need. */
export class StateKeeper {
  readonly restored: Restored;
  #lastClock: number;
  /** The mark that is on the disk. */
  #keptClock: number;
  #members: readonly string[];
  #writtenAtMs = Number.NEGATIVE_INFINITY;
  #isWriting = false;
  /** The latest write, also once it has ended. */
  #writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly folder: RecordFolder,
    private readonly clock: Clock,
    private readonly trouble: Trouble,
  ) {
    const { clockMark, lastAliveMs, members, fence = 0, isCordoned = false } = folder.previous;
    this.restored = {
      startCount: folder.state.startCount,
      clock: clockMark,
      lastAliveMs: lastAliveMs === 0 ? undefined : lastAliveMs,
      members: members.flatMap(addressIfAny),
      orders: { fence, isCordoned },
    };
    this.#lastClock = clockMark;
    this.#keptClock = clockMark;
    this.#members = members;
  }

  /** Remembers where members are, from the next write on. */
  keepMembers(members: readonly HostPort[]): void {
    this.#members = members.slice(0, MEMBERS_KEPT_MAX).map(formatAddress);
  }

  /** Settles when it is on the disk. @throws PanalError */
  async keepOrders(orders: StandingOrders): Promise<void> {
    await this.#change(orders);
  }

  /** What a copy of the records begins with: as if the tracker ended now. */
  stateOfCopy(): FolderState {
    const nowMs = Math.floor(this.clock.nowMs());
    const lastMark = new HybridClock(this.#lastClock).tick(nowMs);
    const clockMark = Math.max(lastMark, this.folder.state.clockMark);
    return { ...this.folder.state, clockMark, lastAliveMs: nowMs, members: this.#members, unsyncedBoot: '' };
  }

  /** To be called every second or more often. @param lastClock The greatest hybrid stamp made or observed. */
  beat(lastClock: number): void {
    this.#lastClock = Math.max(this.#lastClock, lastClock);
    const { clockMark } = this.folder.state;
    const isMarkNear =
      hybridTimeMs(clockMark) - this.clock.nowMs() < CLOCK_MARK_AHEAD_MS / 2 || clockMark <= this.#lastClock;
    const isDue = this.clock.monotonicMs() - this.#writtenAtMs >= STATE_INTERVAL_MS;
    if (!this.#isWriting && (isDue || isMarkNear)) void this.#write();
  }

  /** Whether a stamp is below the mark on the disk: whatever happens, the next start makes greater ones only. */
  isKept(stamp: number): boolean {
    return stamp <= this.#keptClock;
  }

  /** Writes the mark if it has to. @returns Whether the stamp is below it then; if not, the disk does not take it. */
  async keep(stamp: number): Promise<boolean> {
    this.#lastClock = Math.max(this.#lastClock, stamp);
    // A write that is under way began before this stamp, and may not cover it.
    await this.#writing;
    if (!this.isKept(stamp)) await (this.#isWriting ? this.#writing : this.#write());
    return this.isKept(stamp);
  }

  /**
   * Writes what is exact now that no stamp is made any more.
   * @param end `hasLived` is false for a start that failed before the tracker knew its records. @throws PanalError
   */
  async close(
    lastClock: number,
    { hasLived, unsyncedBoot }: Pick<FolderState, 'unsyncedBoot'> & { readonly hasLived: boolean },
  ): Promise<void> {
    const clockMark = Math.max(this.#lastClock, lastClock);
    const lastAliveMs = hasLived ? this.clock.nowMs() : this.folder.state.lastAliveMs;
    await this.#change({ clockMark, lastAliveMs, members: this.#members, unsyncedBoot });
  }

  async #change(changes: Partial<FolderState>): Promise<void> {
    try {
      await this.folder.write(changes);
    } catch (error) {
      throw failureError(storeFailure(error, this.folder.path));
    }
  }

  #write(): Promise<void> {
    this.#writing = this.#writeNow();
    return this.#writing;
  }

  async #writeNow(): Promise<void> {
    this.#isWriting = true;
    this.#writtenAtMs = this.clock.monotonicMs();
    const nowMs = Math.floor(this.clock.nowMs());
    const clockMark = this.#markAt(nowMs);
    try {
      await this.folder.write({ clockMark, lastAliveMs: nowMs, members: this.#members });
      this.#keptClock = Math.max(this.#keptClock, clockMark);
      this.trouble.clear('state');
    } catch (error) {
      this.trouble.raise('state', failureError(storeFailure(error, this.folder.path)));
    } finally {
      // Before anybody who heard of the trouble asks again.
      this.#isWriting = false;
    }
  }

  /**
   * Ahead of the wall by what may pass until the next write. A clock that is ahead of the wall itself gets only what its
   * counter can use up: else each start of a tracker that crashes again and again would push the clock further ahead.
   */
  #markAt(nowMs: number): number {
    const aheadMs = Math.max(nowMs + CLOCK_MARK_AHEAD_MS, hybridTimeMs(this.#lastClock) + CLOCK_MARK_STEP_MS);
    return new HybridClock().tick(aheadMs);
  }
}

function addressIfAny(text: string): readonly HostPort[] {
  try {
    return [parseAddress(text)];
  } catch {
    // Someone edited the file; the other addresses serve as well.
    return [];
  }
}
