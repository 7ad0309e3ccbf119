import type { Clock } from '@panal/runtime';
import type { DialbackOutcome } from './dialback.js';
import type { DialbackQueue } from './dialback-queue.js';
import { CLAIM_PROBE_INTERVAL_MS, DIALBACK_RETRY_MS } from './limits.js';
import type { PeerDirectory, PeerLease } from './peer-directory.js';

export interface ReachabilityCheckOptions {
  readonly clock: Clock;
  readonly directory: PeerDirectory;
  readonly queue: DialbackQueue;
}

/** Dials peers back: before one is handed out at an address it did not advertise, and when another claims its place. */
export class ReachabilityCheck {
  readonly #probedAtMs = new WeakMap<PeerLease, number>();

  constructor(private readonly options: ReachabilityCheckOptions) {}

  /** Tries the address the tracker saw, once; one that failed again after a while. Returns at once. */
  check(lease: PeerLease): void {
    const { reachability } = lease;
    const nowMs = this.options.clock.monotonicMs();
    const isDue =
      reachability.kind === 'unknown' ||
      (reachability.kind === 'unreachable' && nowMs - reachability.checkedAtMs >= DIALBACK_RETRY_MS);
    const address = lease.addresses[0];
    if (!isDue || address === undefined) return;
    const isQueued = this.options.queue.request(address, (outcome) => {
      const checkedAtMs = this.options.clock.monotonicMs();
      const found =
        outcome === 'reachable' ? ({ kind: 'reachable' } as const) : ({ kind: 'unreachable', checkedAtMs } as const);
      this.options.directory.setReachability(lease.id, address, found);
    });
    if (isQueued) this.options.directory.setReachability(lease.id, address, { kind: 'pending' });
  }

  /**
   * Finds out whether the process behind a lease is dead although its time is not over: nothing listens at any of its
   * addresses. Silence proves nothing, so a peer behind a cut network keeps its name. Returns at once.
   */
  probe(holder: PeerLease, onDead: () => void): void {
    const nowMs = this.options.clock.monotonicMs();
    const probedAtMs = this.#probedAtMs.get(holder) ?? Number.NEGATIVE_INFINITY;
    if (nowMs - probedAtMs < CLAIM_PROBE_INTERVAL_MS) return;
    this.#probedAtMs.set(holder, nowMs);
    const { heardAtMs } = holder;
    let open = holder.addresses.length;
    const onOutcome = (outcome: DialbackOutcome): void => {
      if (outcome === 'refused') open -= 1;
      // A sign of life in between is stronger than a refused connection.
      const isSame = this.options.directory.get(holder.id) === holder && holder.heardAtMs === heardAtMs;
      if (open === 0 && isSame) onDead();
    };
    for (const address of holder.addresses) this.options.queue.request(address, onOutcome);
  }
}
