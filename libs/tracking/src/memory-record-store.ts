import { TrackerFullError } from './errors.js';
import { ExpiryQueue, type ExpiryTicket } from './expiry-queue.js';
import type { RecordChange, RecordKey, RecordStore, StoredRecord, WriteReceipt } from './record-store.js';

interface Held<Value> extends StoredRecord<Value> {
  expiresAtMs: number;
  ticket: ExpiryTicket<Held<Value>> | undefined;
}

export interface MemoryRecordStoreOptions {
  /** What the records are, for the error when there is no room. */
  readonly what: string;
  readonly recordCountMax: number;
}

/** Records in the memory of one process. */
export class MemoryRecordStore<Value> implements RecordStore<Value> {
  readonly #subjects = new Map<string, Map<string, Held<Value>>>();
  readonly #expiry = new ExpiryQueue<Held<Value>>();
  readonly #listeners: ((change: RecordChange<Value>) => void)[] = [];
  #recordCount = 0;

  constructor(private readonly options: MemoryRecordStoreOptions) {}

  get recordCount(): number {
    return this.#recordCount;
  }

  async write(record: StoredRecord<Value>): Promise<WriteReceipt> {
    const before = this.#find(record.key);
    if (before !== undefined && before.clock >= record.clock) {
      return { isCurrent: before.clock === record.clock, copies: 1 };
    }
    if (before === undefined && this.#recordCount >= this.options.recordCountMax) {
      throw new TrackerFullError(this.options.what, this.options.recordCountMax);
    }
    if (before !== undefined) this.#drop(before);
    const after = this.#keep(record);
    this.#tell(before === undefined ? { key: record.key, after } : { key: record.key, before, after });
    return { isCurrent: true, copies: 1 };
  }

  async remove(key: RecordKey, clock: number): Promise<boolean> {
    const before = this.#find(key);
    if (before === undefined || before.clock >= clock) return false;
    this.#drop(before);
    this.#tell({ key, before });
    return true;
  }

  refresh(key: RecordKey, expiresAtMs: number): boolean {
    const held = this.#find(key);
    if (held === undefined) return false;
    held.expiresAtMs = Math.max(held.expiresAtMs, expiresAtMs);
    if (held.ticket !== undefined) this.#expiry.move(held.ticket, held.expiresAtMs);
    return true;
  }

  read(key: RecordKey): StoredRecord<Value> | undefined {
    return this.#find(key);
  }

  readAll(namespace: string, subject: string): Iterable<StoredRecord<Value>> {
    return this.#subjects.get(subjectKey(namespace, subject))?.values() ?? [];
  }

  expire(nowMs: number): number {
    const due = this.#expiry.takeDue(nowMs);
    for (const before of due) {
      this.#drop(before);
      this.#tell({ key: before.key, before });
    }
    return due.length;
  }

  watch(listener: (change: RecordChange<Value>) => void): void {
    this.#listeners.push(listener);
  }

  #find({ namespace, subject, member }: RecordKey): Held<Value> | undefined {
    return this.#subjects.get(subjectKey(namespace, subject))?.get(member);
  }

  #keep({ key, clock, value, expiresAtMs }: StoredRecord<Value>): Held<Value> {
    const held: Held<Value> = { key, clock, value, expiresAtMs, ticket: undefined };
    if (Number.isFinite(expiresAtMs)) held.ticket = this.#expiry.add(held, expiresAtMs);
    const subject = subjectKey(key.namespace, key.subject);
    const members = this.#subjects.get(subject);
    if (members === undefined) this.#subjects.set(subject, new Map([[key.member, held]]));
    else members.set(key.member, held);
    this.#recordCount += 1;
    return held;
  }

  #drop(held: Held<Value>): void {
    if (held.ticket !== undefined) this.#expiry.cancel(held.ticket);
    const subject = subjectKey(held.key.namespace, held.key.subject);
    const members = this.#subjects.get(subject);
    members?.delete(held.key.member);
    if (members?.size === 0) this.#subjects.delete(subject);
    this.#recordCount -= 1;
  }

  #tell(change: RecordChange<Value>): void {
    for (const listener of this.#listeners) listener(change);
  }
}

/** A namespace has no space in it, so two keys never meet. */
function subjectKey(namespace: string, subject: string): string {
  return `${namespace} ${subject}`;
}
