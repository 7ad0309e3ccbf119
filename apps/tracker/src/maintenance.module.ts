import {
  type DynamicModule,
  Inject,
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import type { Logger, Random } from '@panal/runtime';
import { Tracking } from '@panal/tracking';
import type { Subscription } from 'rxjs';
import { MAINTENANCE_INTERVAL_MS, MAINTENANCE_JITTER_MS } from './limits.js';
import { maintenance } from './maintenance.js';
import { LOGGER, RANDOM } from './tracking.module.js';

/** Drives what happens by time alone: the engines take time as input, the timers are here. */
@Injectable()
class Maintenance implements OnApplicationBootstrap, OnModuleDestroy {
  #subscription: Subscription | undefined;

  constructor(
    private readonly tracking: Tracking,
    @Inject(RANDOM) private readonly random: Random,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Nest calls this twice in a hybrid application: once for HTTP, once for the transport that is initialised later. */
  onApplicationBootstrap(): void {
    this.#subscription ??= maintenance({
      intervalMs: MAINTENANCE_INTERVAL_MS,
      jitterMs: MAINTENANCE_JITTER_MS,
      random: this.random,
      task: () => this.tracking.expire(),
      onError: (error) => this.logger.error('Maintenance failed', { error }),
    }).subscribe(({ peerCount, metadataCount }) => {
      if (peerCount + metadataCount > 0) this.logger.debug('Dropped what is over', { peerCount, metadataCount });
    });
  }

  onModuleDestroy(): void {
    this.#subscription?.unsubscribe();
  }
}

@Module({ providers: [Maintenance] })
export class MaintenanceModule {
  /** @param tracking The module with what is to be maintained. */
  static register(tracking: DynamicModule): DynamicModule {
    return { module: MaintenanceModule, imports: [tracking] };
  }
}
