import type { ClusterRecord } from '@panal/cluster';
import type { HostPort } from '@panal/runtime';
import type { StandingOrders } from '@panal/storage-lmdb';

/** Where a tracker keeps its records over a restart. `RecordLog` is one; `ForgetfulKeeper` is for trackers without a folder. */
export interface RecordKeeper {
  /** @returns A sequence number: 1 for the first call, then one more each time. Told by `onPersisted` once all is safe. */
  append(records: readonly ClusterRecord[], options: { readonly isDurable: boolean }): number;
  eraseSlot(slot: number): void;
  keepMembers(members: readonly HostPort[]): void;
  /** What this tracker was told. Settles when it is on the disk. @throws PanalError */
  keepOrders(orders: StandingOrders): Promise<void>;
  /** Every second: the greatest stamp so far. */
  beat(lastClock: number): void;
  /** Whether the next start of this tracker makes greater stamps than this one, whatever happens. */
  isKept(stamp: number): boolean;
  /** Makes it so that `isKept`. @returns False when the disk does not take it */
  keep(stamp: number): Promise<boolean>;
  close(lastClock: number): Promise<void>;
}

/** Keeps nothing, and says at once that it is kept: a tracker without a data folder promises nothing over its end. */
export class ForgetfulKeeper implements RecordKeeper {
  #sequence = 0;
  #isTelling = false;

  constructor(private readonly onPersisted: (upTo: number) => void) {}

  append(): number {
    this.#sequence += 1;
    if (!this.#isTelling) {
      this.#isTelling = true;
      // Not within the step that wrote: an event never comes in the middle of another.
      setImmediate(() => {
        this.#isTelling = false;
        this.onPersisted(this.#sequence);
      });
    }
    return this.#sequence;
  }

  eraseSlot(): void {}

  keepMembers(): void {}

  async keepOrders(): Promise<void> {}

  beat(): void {}

  /** Its next start is another tracker. */
  isKept(): boolean {
    return true;
  }

  async keep(): Promise<boolean> {
    return true;
  }

  async close(): Promise<void> {}
}
