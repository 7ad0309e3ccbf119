/** Counted since the start, for metrics. */
export interface LogCounters {
  /** Records given to `append`. */
  appendedRecords: number;
  /** Records and erasures written. */
  writtenItems: number;
  writtenBytes: number;
  commits: number;
  failedCommits: number;
  /** Left out since the queue was full; read from the table again. */
  leftOutRecords: number;
  /** How often the table was gone through for what had been left out or lost. */
  refills: number;
  /** Stores moved aside since they contradicted themselves. */
  corruptStores: number;
  /** Single records dropped for their checksum. */
  damagedRecords: number;
  /** Records erased since they were over. */
  sweptRecords: number;
}

export function newCounters(): LogCounters {
  return {
    appendedRecords: 0,
    writtenItems: 0,
    writtenBytes: 0,
    commits: 0,
    failedCommits: 0,
    leftOutRecords: 0,
    refills: 0,
    corruptStores: 0,
    damagedRecords: 0,
    sweptRecords: 0,
  };
}
