import type { CancelTimer, Random, Timers } from '@panal/runtime';
import { HEARTBEAT_DEFAULT_MS, HEARTBEAT_HASTE_MS, HEARTBEAT_MAX_MS, HEARTBEAT_MIN_MS } from '../peer-limits.js';

export interface HeartbeatLoopOptions {
  /** One heartbeat; never rejects. */
  beat(): Promise<void>;
  readonly timers: Timers;
  readonly random: Random;
}

/** Tells the session tracker, again and again, that this peer lives. One heartbeat at a time. */
export class HeartbeatLoop {
  #state: 'waiting' | 'beating' | 'beating-again' | 'stopped' = 'waiting';
  #intervalMs = HEARTBEAT_DEFAULT_MS;
  #cancelTimer: CancelTimer = () => undefined;

  constructor(private readonly options: HeartbeatLoopOptions) {
    this.#scheduleRegular();
  }

  /** What a tracker asks for, in ms; kept between HEARTBEAT_MIN_MS and HEARTBEAT_MAX_MS. */
  pace(intervalMs: number): void {
    const beforeMs = this.#intervalMs;
    this.#intervalMs = Math.min(HEARTBEAT_MAX_MS, Math.max(HEARTBEAT_MIN_MS, intervalMs));
    // The beat that is due by the old pace could be too late by the new one.
    if (this.#intervalMs < beforeMs && this.#state === 'waiting') this.#scheduleRegular();
  }

  /** There is another tracker to tell: beats within HEARTBEAT_HASTE_MS, once more if a beat is under way. */
  hasten(): void {
    if (this.#state === 'beating') this.#state = 'beating-again';
    else if (this.#state === 'waiting') this.#scheduleHasty();
  }

  stop(): void {
    this.#state = 'stopped';
    this.#cancelTimer();
  }

  /** Up to a tenth earlier than asked for, and never later: peers that were started together shall not beat together. */
  #scheduleRegular(): void {
    this.#schedule(this.#intervalMs - this.options.random.below(Math.ceil(this.#intervalMs / 10)));
  }

  #scheduleHasty(): void {
    this.#schedule(this.options.random.below(HEARTBEAT_HASTE_MS));
  }

  #schedule(inMs: number): void {
    this.#cancelTimer();
    this.#cancelTimer = this.options.timers.after(inMs, () => void this.#beat());
  }

  async #beat(): Promise<void> {
    this.#state = 'beating';
    await this.options.beat();
    const state = this.#state as 'beating' | 'beating-again' | 'stopped';
    if (state === 'stopped') return;
    this.#state = 'waiting';
    if (state === 'beating-again') this.#scheduleHasty();
    else this.#scheduleRegular();
  }
}
