/** What a record is about. `subject` decides the placement: the content id of a torrent in hex, or a name. */
export interface RecordKey {
  readonly namespace: string;
  readonly subject: string;
  /** Tells the records of one subject apart: a peer id, a part of the metadata, a content id a name points to. */
  readonly member: string;
}

/**
 * One last-writer-wins register. Every register has one logical writer (the peer behind an entry, the one torrent behind
 * a metadata part or a name's target), so two writes with one clock are the same write.
 */
export interface StoredRecord<Value> {
  readonly key: RecordKey;
  /** Hybrid clock of the write; the higher one wins. */
  readonly clock: number;
  readonly value: Value;
  /** On the monotonic clock of this tracker; `Infinity` never expires. Absolute: nothing but `refresh` moves it. */
  readonly expiresAtMs: number;
}

/** What became of a register: `before` without `after` is a removal or an expiry. */
export interface RecordChange<Value> {
  readonly key: RecordKey;
  readonly before?: StoredRecord<Value>;
  readonly after?: StoredRecord<Value>;
}

/** How a write ended. */
export interface WriteReceipt {
  /** False when a newer write was there already. */
  readonly isCurrent: boolean;
  /** Trackers that hold the write. */
  readonly copies: number;
}

/**
 * Where records live: in the memory of this tracker, or (behind the same port, in a later version) on three of them. Reads are
 * of what this tracker holds; only a write waits for others. Whoever keeps counts or indexes over the records derives
 * them from `watch`, because a replicated store also applies what other trackers wrote.
 */
export interface RecordStore<Value> {
  readonly recordCount: number;
  /** @throws TrackerFullError when the record is new and there is no room. */
  write(record: StoredRecord<Value>): Promise<WriteReceipt>;
  /** Removes what was written before `clock`; a later write stays. @returns Whether a record went. */
  remove(key: RecordKey, clock: number): Promise<boolean>;
  /** Lengthens the life of a record without a new write. @returns Whether there is such a record. */
  refresh(key: RecordKey, expiresAtMs: number): boolean;
  read(key: RecordKey): StoredRecord<Value> | undefined;
  /** All records of one subject, in no promised order; valid until the store changes. */
  readAll(namespace: string, subject: string): Iterable<StoredRecord<Value>>;
  /** Drops what expires at `nowMs` or before. @returns How many were dropped. */
  expire(nowMs: number): number;
  /** Calls `listener` at once for every register that changes, after the store has changed. */
  watch(listener: (change: RecordChange<Value>) => void): void;
}
