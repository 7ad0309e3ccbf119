import { type DynamicModule, Module } from '@nestjs/common';
import { HealthModule, MetricsModule, type PluginHost, type ReadinessCheck } from '@panal/nest';
import type { TrackerView } from '@panal/plugin-api';
import { ListenerModule } from './listener.module.js';
import { MaintenanceModule } from './maintenance.module.js';
import { type TrackerParts, TrackingModule } from './tracking.module.js';

/** What shows how the tracker fares, and what others add to it. */
export interface TrackerEdges {
  readonly checks: readonly ReadinessCheck[];
  readonly plugins: PluginHost | undefined;
}

/** The tracker: its knowledge, what listens, what runs by time, and what watches over it. */
@Module({})
export class TrackerModule {
  static register(parts: TrackerParts, { checks, plugins }: TrackerEdges): DynamicModule {
    const tracking = TrackingModule.register(parts);
    return {
      module: TrackerModule,
      imports: [
        tracking,
        ListenerModule.register(tracking),
        MaintenanceModule.register(tracking),
        HealthModule.register({ useFactory: () => checks, plugins: plugins && (() => plugins.health()) }),
        MetricsModule,
        ...(plugins?.modules({ tracker: trackerView(parts) }) ?? []),
      ],
    };
  }
}

/** What plugins may ask. */
function trackerView({ self, tracking }: TrackerParts): TrackerView {
  return Object.freeze({ id: self.id, counts: (namespace: string) => tracking.countsIn(namespace) });
}
