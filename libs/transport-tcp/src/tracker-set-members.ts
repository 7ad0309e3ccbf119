import { type CancelTimer, type HostPort, ReportedError } from '@panal/runtime';
import { DEFAULT_NAMESPACE, TRACKER_PATTERNS } from '@panal/wire';
import { TRACKER_MEMBERS_INTERVAL_MS, TRACKER_MEMBERS_PAUSE_MS, TRACKER_MEMBERS_RETRY_MS } from './limits.js';
import type { TrackerBook } from './tracker-set-book.js';
import { readClusterMembers } from './tracker-set-replies.js';
import type { KnownTracker, TrackerPorts } from './tracker-set-tracker.js';

export interface MembersWatchOptions {
  readonly book: TrackerBook;
  readonly ports: TrackerPorts;
  /** The members are others than before, or in another state. */
  onChanged(): void;
  /** It knows no cluster. */
  onAlone(tracker: KnownTracker): void;
  /** What to remember for the next start has changed. */
  onLearned(addresses: readonly HostPort[]): void;
  /** Each TRACKER_MEMBERS_INTERVAL_MS or so. @returns whom to ask then */
  onInterval(): KnownTracker | undefined;
}

/** Keeps the book of trackers true: asks who there is, at each new connection, when a reply tells of news, and now and then. */
export class MembersWatch {
  readonly #asking = new Set<KnownTracker>();
  readonly #retries = new Map<KnownTracker, CancelTimer>();
  #hintedAtMs = Number.NEGATIVE_INFINITY;
  #learnedKey = '';
  #cancelInterval: CancelTimer = () => undefined;
  #isRunning = false;

  constructor(private readonly options: MembersWatchOptions) {}

  start(): void {
    this.#isRunning = true;
    this.#schedule();
  }

  stop(): void {
    this.#isRunning = false;
    this.#cancelInterval();
    for (const cancel of this.#retries.values()) cancel();
    this.#retries.clear();
  }

  /** A reply of `tracker` carried the epoch of its list. */
  hint(tracker: KnownTracker, epoch: number): void {
    const nowMs = this.options.ports.clock.monotonicMs();
    if (epoch <= tracker.epoch || nowMs - this.#hintedAtMs < TRACKER_MEMBERS_PAUSE_MS) return;
    this.#hintedAtMs = nowMs;
    this.ask(tracker);
  }

  /** Asks one tracker for its list; again after a while when it could not tell. */
  ask(tracker: KnownTracker): void {
    if (!this.#isRunning || this.#asking.has(tracker)) return;
    this.#retries.get(tracker)?.();
    this.#retries.delete(tracker);
    this.#asking.add(tracker);
    void this.#ask(tracker).finally(() => this.#asking.delete(tracker));
  }

  async #ask(tracker: KnownTracker): Promise<void> {
    try {
      // An older tracker has no such command and says so; nothing else tells which it is before it is asked.
      const reply = await tracker.call(TRACKER_PATTERNS.clusterMembers, { namespace: DEFAULT_NAMESPACE });
      if (this.#isRunning) this.#take(tracker, reply);
    } catch (error) {
      const isUnknown = error instanceof ReportedError && error.code === 'rpc_unknown_command';
      if (!this.#isRunning || !tracker.isConnected) return;
      if (!isUnknown) return this.#retry(tracker);
      if (tracker.isAlone) return;
      tracker.isAlone = true;
      this.options.onAlone(tracker);
    }
  }

  /** Once the connection is made anew it is asked anyway. */
  #retry(tracker: KnownTracker): void {
    const { timers, random } = this.options.ports;
    const earlyMs = random.below(TRACKER_MEMBERS_RETRY_MS / 2);
    const again = (): void => {
      this.#retries.delete(tracker);
      if (tracker.isConnected) this.ask(tracker);
    };
    this.#retries.set(tracker, timers.after(TRACKER_MEMBERS_RETRY_MS - earlyMs, again));
  }

  #take(tracker: KnownTracker, reply: unknown): void {
    const { book } = this.options;
    const isLost = !book.all.some((other) => other.isConnected && !other.isForeign && !other.isSameAs(tracker));
    if (book.take(readClusterMembers(reply), tracker, isLost)) this.options.onChanged();
    const learned = book.learned();
    const key = learned
      .map(({ host, port }) => `${host} ${port}`)
      .sort()
      .join(',');
    if (key === this.#learnedKey) return;
    this.#learnedKey = key;
    this.options.onLearned(learned);
  }

  #schedule(): void {
    const quarterMs = TRACKER_MEMBERS_INTERVAL_MS / 4;
    const jitterMs = this.options.ports.random.below(2 * quarterMs) - quarterMs;
    this.#cancelInterval = this.options.ports.timers.after(TRACKER_MEMBERS_INTERVAL_MS + jitterMs, () => {
      const tracker = this.options.onInterval();
      if (tracker !== undefined) this.ask(tracker);
      this.#schedule();
    });
  }
}
