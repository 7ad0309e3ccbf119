/** What happened since the start, for the metrics. Written by the parts of replication, read by whoever wants to know. */
export class ReplicationCounters {
  /** Writes acknowledged, by number of copies: 0 is never used, the last stands for COPY_COUNT and more. */
  readonly writtenByCopies: number[] = [0, 0, 0, 0];
  /** Of those, with fewer copies than COPY_COUNT. */
  degraded = 0;
  writesRefused = 0;
  /** Stand-ins asked because an owner was slow, suspected or gone. */
  hedges = 0;
  /** Trackers asked again. */
  retries = 0;
  /** Records that came by comparing, not by a write, and were news. */
  repairs = 0;
  /** Records sent to others to repair them or to fill them. */
  recordsPushed = 0;
  bytesPushed = 0;
  /** Slots dropped because all their owners confirmed that they have them. */
  slotsDropped = 0;
  recordsDropped = 0;
  recordsPurged = 0;
  /** Records whose stamp was too far in the future. */
  clockRefused = 0;
  /** Records that came when their time was over. */
  expiredRefused = 0;
  /** Messages that could not be understood. */
  messagesInvalid = 0;
  /** Slots whose digest was not that of their records: a bug, or memory that lies. */
  digestsMended = 0;
}
