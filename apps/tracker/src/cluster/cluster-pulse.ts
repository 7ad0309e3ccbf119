import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { interval, type Subscription } from 'rxjs';
import { HEALTH_INTERVAL_MS, TICK_INTERVAL_MS } from '../limits.js';
import { ClusterPresence } from './cluster-presence.js';

const NANOSECONDS_PER_MS = 1_000_000;

/** Gives the cluster node its ticks, and tells it how well this process keeps up. */
@Injectable()
export class ClusterPulse implements OnApplicationBootstrap, OnModuleDestroy {
  #subscriptions: Subscription[] = [];
  #delay: IntervalHistogram | undefined;

  constructor(private readonly presence: ClusterPresence) {}

  /** 99 of 100 turns of the event loop were at most so late in the last second, ms. */
  eventLoopLagMs = 0;

  /** Nest calls this twice in a hybrid application. */
  onApplicationBootstrap(): void {
    if (this.#subscriptions.length > 0) return;
    this.#delay = monitorEventLoopDelay({ resolution: 10 });
    this.#delay.enable();
    this.#subscriptions = [
      interval(TICK_INTERVAL_MS).subscribe(() => this.presence.cluster?.runtime.tick()),
      interval(HEALTH_INTERVAL_MS).subscribe(() => this.#beat()),
    ];
  }

  onModuleDestroy(): void {
    for (const subscription of this.#subscriptions.splice(0)) subscription.unsubscribe();
    this.#delay?.disable();
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
