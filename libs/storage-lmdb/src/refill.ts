import { type ClusterRecord, EVERYWHERE, leafCountOf, type ReplicaTable } from '@panal/cluster';
import { REFILL_SIZE_BYTES } from './limits.js';
import { packedSize } from './write-batch.js';

/** Where records come from again that the log had to leave out: the table they are served from. */
export type RecordSource = Pick<ReplicaTable, 'records' | 'recordCountIn'>;

/**
 * Goes through a table once, a few leaves at a time. Records that change behind it are in the log by themselves, those
 * before it will be met.
 */
export class Refill {
  #slot = 0;
  #leaf = 0;

  constructor(private readonly source: RecordSource) {}

  get isDone(): boolean {
    return this.#slot > EVERYWHERE;
  }

  /** Puts the next records, REFILL_SIZE_BYTES of them or the rest of what there is. */
  fill(put: (record: ClusterRecord) => void): void {
    for (let sizeBytes = 0; !this.isDone && sizeBytes < REFILL_SIZE_BYTES; this.#advance()) {
      if (this.source.recordCountIn(this.#slot) === 0) this.#leaf = leafCountOf(this.#slot);
      else {
        for (const record of this.source.records(this.#slot, this.#leaf)) {
          put(record);
          sizeBytes += packedSize(record);
        }
      }
    }
  }

  #advance(): void {
    this.#leaf += 1;
    if (this.#leaf < leafCountOf(this.#slot)) return;
    this.#leaf = 0;
    this.#slot += 1;
  }
}
