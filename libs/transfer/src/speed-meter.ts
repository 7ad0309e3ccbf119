/** Share of the newest interval in the averages. A quarter: four intervals decide, one bad one does not. */
const NEWEST_SHARE = 0.25;

/**
 * Speed and stability over fixed intervals. Intervals in which nothing was asked say nothing about a source and are
 * left out, so one that was idle keeps its standing.
 */
export class SpeedMeter {
  #speed = 0;
  #lastSpeed = 0;
  #deviation = 0;
  #bytes = 0;
  #startMs: number;
  #busySinceMs: number | undefined;
  #busyMs = 0;

  constructor(
    private readonly intervalMs: number,
    nowMs: number,
  ) {
    this.#startMs = nowMs;
  }

  /** Bytes a second; 0 until something was measured. */
  get speed(): number {
    return this.#speed;
  }

  /** 0 to 1: how little the speed varies about its mean. */
  get stability(): number {
    return this.#speed === 0 ? 0 : Math.max(0, 1 - this.#deviation / this.#speed);
  }

  add(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Something is outstanding, or nothing is any more. */
  setBusy(isBusy: boolean, nowMs: number): void {
    if (isBusy) {
      this.#busySinceMs ??= nowMs;
    } else if (this.#busySinceMs !== undefined) {
      this.#busyMs += nowMs - this.#busySinceMs;
      this.#busySinceMs = undefined;
    }
  }

  /** Bytes a second right now: of this interval, and of the one before while this one is young. */
  rate(nowMs: number): number {
    const busyMs = this.#busyMsAt(nowMs);
    const current = busyMs === 0 ? 0 : (this.#bytes * 1000) / busyMs;
    if (this.#speed === 0) return current;
    const share = Math.min(1, busyMs / this.intervalMs);
    return current * share + this.#lastSpeed * (1 - share);
  }

  /** Closes the interval when it is over. */
  tick(nowMs: number): void {
    if (nowMs - this.#startMs < this.intervalMs) return;
    const busyMs = this.#busyMsAt(nowMs);
    // Less than a tenth of an interval of work is an accident, not a measurement: it is carried over.
    if (busyMs >= this.intervalMs / 10) {
      this.#measured((this.#bytes * 1000) / busyMs);
      this.#bytes = 0;
      this.#busyMs = 0;
      if (this.#busySinceMs !== undefined) this.#busySinceMs = nowMs;
    }
    this.#startMs = nowMs;
  }

  #measured(speed: number): void {
    this.#lastSpeed = speed;
    if (this.#speed === 0) {
      this.#speed = speed;
      return;
    }
    this.#deviation += (Math.abs(speed - this.#speed) - this.#deviation) * NEWEST_SHARE;
    this.#speed += (speed - this.#speed) * NEWEST_SHARE;
  }

  #busyMsAt(nowMs: number): number {
    return this.#busyMs + (this.#busySinceMs === undefined ? 0 : nowMs - this.#busySinceMs);
  }
}
