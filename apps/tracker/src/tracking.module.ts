import { type DynamicModule, Module } from '@nestjs/common';
import { TicketOffice } from '@panal/access';
import { MetricsModule } from '@panal/nest';
import type { Logger, Random } from '@panal/runtime';
import { Tracking } from '@panal/tracking';
import { TcpRpcServer } from '@panal/transport-tcp';
import { AccessMetrics } from './access/access-metrics.js';
import { RevocationNotices } from './access/revocation-notices.js';
import { ClusterMetrics } from './cluster/cluster-metrics.js';
import { ClusterPresence } from './cluster/cluster-presence.js';
import { ClusterPulse } from './cluster/cluster-pulse.js';
import { TrackerMetrics } from './tracker-metrics.js';
import { TRACKER_SELF, type TrackerSelf } from './tracker-self.js';

export const LOGGER = Symbol('LOGGER');
export const RANDOM = Symbol('RANDOM');

/** What the tracker is made of before Nest comes in. */
export interface TrackerParts {
  readonly tracking: Tracking;
  readonly presence: ClusterPresence;
  readonly office: TicketOffice;
  readonly notices: RevocationNotices;
  readonly rpc: TcpRpcServer;
  readonly self: TrackerSelf;
  readonly logger: Logger;
  readonly random: Random;
}

/** The tracker's knowledge, for the modules that carry messages to it and time. */
@Module({})
export class TrackingModule {
  static register({ tracking, presence, office, notices, rpc, self, logger, random }: TrackerParts): DynamicModule {
    return {
      module: TrackingModule,
      imports: [MetricsModule],
      providers: [
        TrackerMetrics,
        ClusterMetrics,
        AccessMetrics,
        ClusterPulse,
        { provide: ClusterPresence, useValue: presence },
        { provide: Tracking, useValue: tracking },
        { provide: TicketOffice, useValue: office },
        { provide: RevocationNotices, useValue: notices },
        { provide: TcpRpcServer, useFactory: () => rpc },
        { provide: TRACKER_SELF, useValue: self },
        { provide: LOGGER, useValue: logger },
        { provide: RANDOM, useValue: random },
      ],
      exports: [
        TrackerMetrics,
        ClusterPulse,
        ClusterPresence,
        Tracking,
        TicketOffice,
        RevocationNotices,
        TRACKER_SELF,
        LOGGER,
        RANDOM,
      ],
    };
  }
}
