import type { ClusterRecord } from '@panal/cluster';
import type { Clock } from '@panal/runtime';
import type { Guide, Replicas, WritePromise, WriteReceipt } from './replicas.js';
import type { TrackerTable } from './table/tracker-table.js';

/** A tracker without others: every write is in its one table at once. For tests of what tracking does by itself. */
export class LocalReplicas implements Replicas {
  readonly selfId = '0'.repeat(31).concat('1');

  constructor(private readonly options: { readonly clock: Clock; readonly table: TrackerTable }) {}

  readonly promise: WritePromise = { copies: 1, since: 0 };

  write(records: readonly ClusterRecord[]): WriteReceipt | Promise<WriteReceipt> {
    for (const record of records) this.options.table.apply(record, this.options.clock.nowMs());
    return { copies: 1 };
  }

  isAuthoritative(): boolean {
    return true;
  }

  isFirst(): boolean {
    return true;
  }

  keepers(): readonly string[] {
    return [];
  }

  others(): readonly string[] {
    return [];
  }

  guide(): Guide {
    return { owners: [], membersEpoch: 0 };
  }

  ask(): Promise<unknown> {
    throw new Error('there is no other tracker');
  }
}
