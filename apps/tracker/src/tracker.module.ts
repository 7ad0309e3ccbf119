import { type DynamicModule, Module } from '@nestjs/common';
import { HealthModule, MetricsModule, type ReadinessCheck } from '@panal/nest';
import { ListenerModule } from './listener.module.js';
import { MaintenanceModule } from './maintenance.module.js';
import { type TrackerParts, TrackingModule } from './tracking.module.js';

/** The tracker: its knowledge, what listens, what runs by time, and what watches over it. */
@Module({})
export class TrackerModule {
  static register(parts: TrackerParts, checks: readonly ReadinessCheck[]): DynamicModule {
    const tracking = TrackingModule.register(parts);
    return {
      module: TrackerModule,
      imports: [
        tracking,
        ListenerModule.register(tracking),
        MaintenanceModule.register(tracking),
        HealthModule.register({ useFactory: () => checks }),
        MetricsModule,
      ],
    };
  }
}
