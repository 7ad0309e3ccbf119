import type { Clock, Random } from '@panal/runtime';
import type { ClusterView } from '../membership/view.js';
import type { TrackerId } from '../record.js';
import type { ReplicaTable } from '../replica-table.js';
import type { ReplicationCounters } from './counters.js';
import type { ReplicationOptions } from './options.js';
import type { ReplicationMessage } from './replication-message.js';
import type { SlotStates } from './slot-states.js';
import type { TransferQueue } from './transfer-queue.js';

/** What the parts of replication share. Each of them changes only what is its own. */
export interface ReplicationContext {
  readonly selfId: TrackerId;
  readonly clock: Clock;
  readonly random: Random;
  readonly table: ReplicaTable;
  readonly view: ClusterView;
  readonly states: SlotStates;
  readonly options: ReplicationOptions;
  readonly counters: ReplicationCounters;
  readonly send: (to: TrackerId, message: ReplicationMessage) => void;
  /** Records on their way to a tracker. */
  readonly transfersTo: (to: TrackerId) => TransferQueue;
}
