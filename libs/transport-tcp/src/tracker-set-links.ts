import type { CancelTimer } from '@panal/runtime';
import {
  TRACKER_CALM_MS,
  TRACKER_DIALS_MAX,
  TRACKER_DOUBTED_STEPS,
  TRACKER_IDLE_MS,
  TRACKER_LINKS_MAX,
  TRACKER_SESSION_ODDS,
  TRACKER_WARM_COUNT,
} from './limits.js';
import type { TrackerBook } from './tracker-set-book.js';
import type { NextWanted } from './tracker-set-failover.js';
import type { KnownTracker, TrackerPorts } from './tracker-set-tracker.js';

export interface TrackerLinksOptions {
  readonly book: TrackerBook;
  readonly ports: TrackerPorts;
  readonly hedgeMs: number;
  /** Heartbeats go to another tracker from now on, or to the same one over a new connection. */
  onSession(tracker: KnownTracker): void;
}

/** Ranks up to which a tracker is worth a connection that is not urgent: it is not known to be gone. */
const RANK_USABLE_MAX = 2;

/**
 * Which trackers this process is connected to: the session tracker that gets its heartbeats, a spare to move to at once, and
 * some owners of what it asks about. Called whenever something has changed; what it does follows from what is.
 */
export class TrackerLinks {
  readonly #options: TrackerLinksOptions;
  #session: KnownTracker | undefined;
  /** Drawn to be the next session tracker; it becomes it when the connection to it is made. */
  #drawn: KnownTracker | undefined;
  #calmUntilMs = 0;
  #cancelLook: CancelTimer = () => undefined;
  #isRunning = false;
  #isSettling = false;

  constructor(options: TrackerLinksOptions) {
    this.#options = options;
  }

  get session(): KnownTracker | undefined {
    return this.#session;
  }

  /** Those that serve alone, each to be told and asked beside the cluster. */
  get alone(): readonly KnownTracker[] {
    return this.#options.book.all.filter(({ isAlone }) => isAlone);
  }

  start(): void {
    this.#isRunning = true;
    this.#drawn = this.#options.book.draw();
    this.settle();
  }

  stop(): void {
    this.#isRunning = false;
    this.#cancelLook();
  }

  /** A connection was lost, or an attempt to make one failed. */
  onDown(tracker: KnownTracker): void {
    if (tracker === this.#drawn) this.#drawn = undefined;
    if (tracker === this.#session) this.#session = undefined;
    this.#settleCalmly();
  }

  /** It let a question wait, so it is as good as no spare. */
  onSilent(tracker: KnownTracker): void {
    tracker.noteSilence();
    this.#settleCalmly();
  }

  /** Brings session and connections to what they should be by now. */
  settle(): void {
    if (!this.#isRunning || this.#isSettling) return;
    // Dialling may call back at once.
    this.#isSettling = true;
    this.#elect();
    this.#connect();
    this.#elect();
    this.#isSettling = false;
  }

  /** The one that took what is for the session tracker is it from now on. `hasBeat`: that was a heartbeat. */
  moveSession(tracker: KnownTracker, { hasBeat }: { hasBeat: boolean }): void {
    if (!tracker.isConnected) return;
    // Whoever was drawn meanwhile would only make it move twice.
    if (tracker !== this.#session) this.#drawn = undefined;
    if (hasBeat) this.#session = tracker;
    else this.#setSession(tracker);
  }

  /** What is due now and then. @returns the session tracker, to be asked for news */
  maintain(): KnownTracker | undefined {
    this.#options.book.forget();
    this.#sweep();
    if (this.#options.ports.random.below(TRACKER_SESSION_ODDS) === 0) this.#drawn = this.#options.book.draw();
    this.settle();
    return this.#session;
  }

  /**
   * Who is to be asked next: an owner, the session tracker, any other one that is connected, one that can be reached; those
   * that were silent lately after the others.
   */
  next({ asked, silentSteps }: NextWanted<KnownTracker>, owners: readonly KnownTracker[]): KnownTracker | undefined {
    const session = this.#session === undefined ? [] : [this.#session];
    const order = [...owners, ...session, ...this.#options.book.ranked];
    const wasAsked = (tracker: KnownTracker): boolean => [...asked].some((other) => other.isSameAs(tracker));
    const pick = (isFit: (tracker: KnownTracker) => boolean): KnownTracker | undefined =>
      order.find((tracker) => isFit(tracker) && !tracker.isAlone && !wasAsked(tracker));
    const trusted =
      pick((tracker) => tracker.isConnected && tracker.isTrusted) ??
      pick((tracker) => tracker.isDialing && tracker.isTrusted) ??
      pick((tracker) => tracker.isDialable && tracker.isTrusted);
    if (trusted !== undefined || (silentSteps > 0 && silentSteps < TRACKER_DOUBTED_STEPS)) return trusted;
    return pick(({ isConnected }) => isConnected) ?? pick(({ isDialing, isDialable }) => isDialing || isDialable);
  }

  /** A connection to an owner spares the next question about the same torrent a step inside the cluster. */
  approach(owners: readonly KnownTracker[]): void {
    if (!this.#isRunning || owners.some(({ isConnected, isDialing }) => isConnected || isDialing)) return;
    const [owner] = owners.filter((tracker) => tracker.isDialable && !tracker.isAlone);
    const openCount = this.#options.book.all.filter(({ isConnected, isDialing }) => isConnected || isDialing).length;
    if (openCount < TRACKER_LINKS_MAX) owner?.dial();
  }

  /** Closes connections that are neither used nor kept. */
  #sweep(): void {
    const idleSinceMs = this.#nowMs() - TRACKER_IDLE_MS;
    const open = this.#options.book.ranked.filter(({ isConnected }) => isConnected);
    const kept = new Set(
      [this.#session, ...open.filter((tracker) => tracker !== this.#session)].slice(0, TRACKER_WARM_COUNT),
    );
    for (const tracker of open) {
      if (!kept.has(tracker) && !this.#isMust(tracker) && tracker.usedAtMs <= idleSinceMs) tracker.drop();
    }
  }

  /** What befell one tracker befell all that use it: they shall not all turn to the same others in the same moment. */
  #settleCalmly(): void {
    this.#calmUntilMs = this.#nowMs() + this.#options.ports.random.below(TRACKER_CALM_MS);
    this.settle();
  }

  #elect(): void {
    if (this.#drawn?.isConnected === true) {
      const drawn = this.#drawn;
      this.#drawn = undefined;
      return this.#setSession(drawn);
    }
    const { book, hedgeMs } = this.#options;
    const isDrawnDue = this.#drawn?.isDialing === true && this.#drawn.sinceMs > this.#nowMs() - hedgeMs;
    if (this.#session === undefined && isDrawnDue) return;
    const connected = book.ranked.filter(({ isConnected }) => isConnected);
    const best = connected.find(({ isTrusted }) => isTrusted) ?? connected[0];
    const session = this.#session;
    // It keeps the session while nobody says that it is on its way out.
    const isKept = session?.isConnected === true && book.rankOf(session) < RANK_USABLE_MAX;
    if (best === undefined || isKept) return;
    if (session?.isConnected === true && book.rankOf(best) >= book.rankOf(session)) return;
    this.#setSession(best);
  }

  #setSession(tracker: KnownTracker): void {
    if (tracker === this.#session) return;
    this.#session = tracker;
    this.#options.onSession(tracker);
  }

  #connect(): void {
    const { book } = this.#options;
    for (const tracker of book.all) if (this.#isMust(tracker)) tracker.dial();
    let missing = TRACKER_WARM_COUNT - this.#usefulCount();
    const connected = book.all.filter(({ isConnected }) => isConnected);
    const isUrgent = connected.length === 0;
    if (missing > 0 && (isUrgent || this.#nowMs() >= this.#calmUntilMs)) {
      let dialCount = book.all.filter(({ isDialing }) => isDialing).length;
      for (const tracker of book.ranked) {
        if (missing <= 0 || dialCount >= TRACKER_DIALS_MAX) break;
        if (!tracker.isDialable || connected.some((other) => other.isSameAs(tracker))) continue;
        if (!isUrgent && book.rankOf(tracker) > RANK_USABLE_MAX) break;
        tracker.dial();
        missing -= 1;
        dialCount += 1;
      }
    }
    this.#lookAgain(missing > 0 || this.#usefulCount() < TRACKER_WARM_COUNT || book.all.some((t) => this.#lacks(t)));
  }

  /** Connections that are there, or may well be in a moment. */
  #usefulCount(): number {
    const freshMs = this.#nowMs() - this.#options.hedgeMs;
    return this.#options.book.all.filter(
      (tracker) => (tracker.isConnected && tracker.isTrusted) || (tracker.isDialing && tracker.sinceMs > freshMs),
    ).length;
  }

  /** One that is wanted whatever others there are. While one serves alone, each that was named may do so, too. */
  #isMust(tracker: KnownTracker): boolean {
    return tracker === this.#drawn || (tracker.isSeed && this.#options.book.all.some(({ isAlone }) => isAlone));
  }

  #lacks(tracker: KnownTracker): boolean {
    return this.#isMust(tracker) && !tracker.isConnected;
  }

  /** Settles once more when something is due of which nobody will call back. */
  #lookAgain(isWanted: boolean): void {
    this.#cancelLook();
    if (!isWanted) return;
    const nowMs = this.#nowMs();
    const dueMs = this.#options.book.all.flatMap((tracker) =>
      tracker.isDialing ? [tracker.sinceMs + this.#options.hedgeMs] : tracker.isConnected ? [] : [tracker.retryAtMs],
    );
    const [next] = [...dueMs, this.#calmUntilMs].filter((atMs) => atMs > nowMs).sort((a, b) => a - b);
    if (next !== undefined) this.#cancelLook = this.#options.ports.timers.after(next - nowMs, () => this.settle());
  }

  #nowMs(): number {
    return this.#options.ports.clock.monotonicMs();
  }
}
