import { type CancelTimer, ReportedError } from '@panal/runtime';
import { type AccessNotice, DEFAULT_NAMESPACE, TRACKER_PATTERNS } from '@panal/wire';
import { TRACKER_NOTICES_RETRY_MS } from './limits.js';
import { readAccessNotice } from './tracker-set-replies.js';
import type { KnownTracker, TrackerPorts } from './tracker-set-tracker.js';

export interface NoticeWatchOptions {
  readonly ports: Pick<TrackerPorts, 'timers' | 'random'>;
  onNotice(notice: AccessNotice): void;
}

/**
 * Has every tracker there is a connection to tell of revocations as they happen. Of each, not of one: the session tracker may
 * be cut off from the one that was told to revoke, and the same key heard of twice costs nothing.
 */
export class NoticeWatch {
  readonly #ends = new Map<KnownTracker, CancelTimer>();
  #isStopped = false;

  constructor(private readonly options: NoticeWatchOptions) {}

  /** There is a new connection to it. What was asked over the former one ended with that. */
  watch(tracker: KnownTracker): void {
    this.#ends.get(tracker)?.();
    this.#ends.delete(tracker);
    if (this.#isStopped || !tracker.isConnected) return;
    let hasEnded = false;
    const onEnd = (error: Error | undefined): void => {
      hasEnded = true;
      this.#ended(tracker, error);
    };
    const onValue = (value: unknown): void => this.#take(value, tracker);
    const end = tracker.stream(TRACKER_PATTERNS.accessWatch, { namespace: DEFAULT_NAMESPACE }, { onValue, onEnd });
    if (!hasEnded) this.#ends.set(tracker, end);
  }

  stop(): void {
    this.#isStopped = true;
    for (const end of this.#ends.values()) end();
    this.#ends.clear();
  }

  #take(value: unknown, tracker: KnownTracker): void {
    let notice: AccessNotice;
    try {
      notice = readAccessNotice(value);
    } catch {
      // It makes no sense, so more of it is not wanted; heartbeats tell the same, later.
      this.#ends.get(tracker)?.();
      return;
    }
    this.options.onNotice(notice);
  }

  #ended(tracker: KnownTracker, error: Error | undefined): void {
    this.#ends.delete(tracker);
    // An older tracker knows no such message: heartbeats and tickets tell what it has to tell.
    const isUnknown = error instanceof ReportedError && error.code === 'rpc_unknown_command';
    if (isUnknown || this.#isStopped || !tracker.isConnected) return;
    const { timers, random } = this.options.ports;
    const earlyMs = random.below(TRACKER_NOTICES_RETRY_MS / 2);
    this.#ends.set(
      tracker,
      timers.after(TRACKER_NOTICES_RETRY_MS - earlyMs, () => this.watch(tracker)),
    );
  }
}
