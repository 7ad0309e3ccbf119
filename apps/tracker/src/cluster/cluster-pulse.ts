import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { interval, type Subscription, timer } from 'rxjs';
import { CALM_TICK_INTERVAL_MS, HEALTH_INTERVAL_MS, TICK_INTERVAL_MS } from '../limits.js';
import { ClusterPresence } from './cluster-presence.js';

const NANOSECONDS_PER_MS = 1_000_000;
/** How often the lag is looked at: five looks in the 100 ms that are bad, and few enough to let an idle machine sleep. */
const LAG_RESOLUTION_MS = 20;

/** Gives the cluster node its ticks, and tells it how well this process keeps up. */
@Injectable()
export class ClusterPulse implements OnApplicationBootstrap, OnModuleDestroy {
  #health: Subscription | undefined;
  #tick: Subscription | undefined;
  #isCalm = false;
  #delay: IntervalHistogram | undefined;

  constructor(private readonly presence: ClusterPresence) {}

  /** 99 of 100 turns of the event loop were at most so late in the last second, ms. */
  eventLoopLagMs = 0;

  /** Nest calls this twice in a hybrid application. */
  onApplicationBootstrap(): void {
    if (this.#health !== undefined) return;
    this.#delay = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
    this.#delay.enable();
    this.#health = interval(HEALTH_INTERVAL_MS).subscribe(() => this.#beat());
    this.#schedule();
  }

  onModuleDestroy(): void {
    this.#health?.unsubscribe();
    this.#tick?.unsubscribe();
    this.#delay?.disable();
  }

  #schedule(): void {
    const { cluster } = this.presence;
    this.#isCalm = cluster?.node.isReady === true && !cluster.runtime.hasWork;
    const waitMs = this.#isCalm ? CALM_TICK_INTERVAL_MS : TICK_INTERVAL_MS;
    this.#tick = timer(waitMs).subscribe(() => this.#onTick());
  }

  #onTick(): void {
    const { cluster } = this.presence;
    if (cluster !== undefined) {
      cluster.runtime.onWork = () => this.#wake();
      cluster.runtime.tick();
    }
    this.#schedule();
  }

  /** Something begins while the next tick is far. */
  #wake(): void {
    if (!this.#isCalm) return;
    this.#tick?.unsubscribe();
    this.#schedule();
  }

  #beat(): void {
    this.eventLoopLagMs = (this.#delay?.percentile(99) ?? 0) / NANOSECONDS_PER_MS;
    this.#delay?.reset();
    const { cluster } = this.presence;
    if (cluster === undefined) return;
    cluster.runtime.step({ kind: 'local-health', eventLoopLagMs: this.eventLoopLagMs });
    cluster.beat();
  }
}
