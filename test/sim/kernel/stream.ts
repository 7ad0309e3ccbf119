import type { CancelTimer } from '@panal/runtime';

/** Bytes on their way, in one direction. */
export interface Parcel {
  readonly bytes: Buffer;
  readonly dueMs: number;
}

/** One direction of a stream. */
export class StreamHalf {
  readonly parcels: Parcel[] = [];
  queuedBytes = 0;
  /** When the last byte sent so far leaves the sender, and when it arrives: the order is kept. */
  sentAtMs = 0;
  arrivesAtMs = 0;
  /** Set while an event will look at the first parcel. */
  delivery: CancelTimer | undefined;

  constructor(
    readonly from: string,
    readonly to: string,
  ) {}

  add(parcel: Parcel): void {
    this.parcels.push(parcel);
    this.queuedBytes += parcel.bytes.length;
  }

  take(): Parcel | undefined {
    const parcel = this.parcels.shift();
    if (parcel !== undefined) this.queuedBytes -= parcel.bytes.length;
    return parcel;
  }

  /** Everything on the way vanishes. */
  drop(): void {
    this.delivery?.();
    this.delivery = undefined;
    this.parcels.length = 0;
    this.queuedBytes = 0;
  }
}

/** A connection of two hosts: two ordered directions that live and break together. */
export class Stream {
  readonly there: StreamHalf;
  readonly back: StreamHalf;
  /** Since when nothing could pass in at least one direction although somebody tries; undefined while all is well. */
  stalledSinceMs: number | undefined;
  isWatched = false;
  isBroken = false;

  constructor(
    /** Lives of the two processes at the time of the connection, to tell a restarted one apart. */
    readonly lives: ReadonlyMap<string, number>,
    readonly openAtMs: number,
    from: string,
    to: string,
  ) {
    this.there = new StreamHalf(from, to);
    this.back = new StreamHalf(to, from);
  }

  half(from: string): StreamHalf {
    return from === this.there.from ? this.there : this.back;
  }

  drop(): void {
    this.isBroken = true;
    this.there.drop();
    this.back.drop();
  }
}
