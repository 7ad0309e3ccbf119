import type { Clock, HostPort } from '@panal/runtime';
import type { DialbackOutcome } from './dialback.js';
import type { DialbackQueue } from './dialback-queue.js';
import { CLAIM_PROBE_INTERVAL_MS, CLAIM_PROBES_REMEMBERED_MAX, DIALBACK_RETRY_MS } from './limits.js';
import type { PeerSession } from './peer-sessions.js';

export interface ReachabilityCheckOptions {
  readonly clock: Clock;
  readonly queue: DialbackQueue;
}

/** Dials peers back: before one is handed out at an address it did not advertise, and when another claims its place. */
export class ReachabilityCheck {
  /** When the holder of a claimed name or id was last dialled, by peer id. */
  readonly #probedAtMs = new Map<string, number>();

  constructor(private readonly options: ReachabilityCheckOptions) {}

  /**
   * Tries the address the tracker saw, once; one that failed again after a while. Returns at once.
   * @param onReachable Called when somebody answered there.
   */
  check(session: PeerSession, onReachable: () => void): void {
    const { reachability } = session;
    const nowMs = this.options.clock.monotonicMs();
    const isDue =
      reachability.kind === 'unknown' ||
      (reachability.kind === 'unreachable' && nowMs - reachability.checkedAtMs >= DIALBACK_RETRY_MS);
    const address = session.addresses[0];
    if (!isDue || address === undefined) return;
    const isQueued = this.options.queue.request(address, (outcome) => {
      const checkedAtMs = this.options.clock.monotonicMs();
      session.reachability = outcome === 'reachable' ? { kind: 'reachable' } : { kind: 'unreachable', checkedAtMs };
      if (outcome === 'reachable') onReachable();
    });
    if (isQueued) session.reachability = { kind: 'pending' };
  }

  /**
   * Finds out whether the process behind a claim is dead although its time is not over: nothing listens at any of its
   * addresses. Silence proves nothing, so a peer behind a cut network keeps its name. Returns at once.
   */
  probe({ id, addresses }: { id: string; addresses: readonly HostPort[] }, onDead: () => void): void {
    const nowMs = this.options.clock.monotonicMs();
    const probedAtMs = this.#probedAtMs.get(id) ?? Number.NEGATIVE_INFINITY;
    if (nowMs - probedAtMs < CLAIM_PROBE_INTERVAL_MS) return;
    this.#remember(id, nowMs);
    let open = addresses.length;
    const onOutcome = (outcome: DialbackOutcome): void => {
      if (outcome === 'refused') open -= 1;
      if (open === 0) onDead();
    };
    for (const address of addresses) this.options.queue.request(address, onOutcome);
  }

  #remember(id: string, nowMs: number): void {
    this.#probedAtMs.delete(id);
    this.#probedAtMs.set(id, nowMs);
    const [oldest] = this.#probedAtMs.keys();
    if (this.#probedAtMs.size > CLAIM_PROBES_REMEMBERED_MAX && oldest !== undefined) this.#probedAtMs.delete(oldest);
  }
}
