import { type ClusterRecord, compareRecords, type RecordClass } from '@panal/cluster';

/** One stamped write. Retries of one operation are stamped anew and are versions of their own. */
export interface Version {
  readonly record: ClusterRecord;
  /** Number of the operation among those of its key, from 1: what the one writer of the key meant to be the order. */
  readonly operation: number;
  readonly stampedAtMs: number;
  /** How long the writer wanted it to be served; 0: for ever. */
  readonly leaseMs: number;
  ackedAtMs?: number;
  copies?: number;
}

/** Everything that was ever written to one key. */
export interface KeyHistory {
  readonly name: string;
  readonly key: Buffer;
  readonly slot: number;
  readonly recordClass: RecordClass;
  readonly versions: Version[];
  /** The newest one of those acknowledged with enough copies: it, or a newer one, must never be lost. */
  floor: Version | undefined;
  /** The newest one of those acknowledged with fewer. */
  degradedFloor: Version | undefined;
  /** A deletion that was safely acknowledged before a time of peace: nothing older may ever be seen again. */
  buried: Version | undefined;
}

/** Acknowledged with this many copies, a write must survive two deaths. */
export const SAFE_COPY_COUNT = 3;

/** Knows every write there was, as no real observer could. */
export class History {
  readonly keys = new Map<string, KeyHistory>();
  readonly acksByCopies = new Map<number, number>();
  #writeCount = 0;
  #refusedCount = 0;

  get writeCount(): number {
    return this.#writeCount;
  }

  get refusedCount(): number {
    return this.#refusedCount;
  }

  open(name: string, key: Buffer, slot: number, recordClass: RecordClass): KeyHistory {
    const known = this.keys.get(name);
    if (known !== undefined) return known;
    const history: KeyHistory = {
      name,
      key,
      slot,
      recordClass,
      versions: [],
      floor: undefined,
      degradedFloor: undefined,
      buried: undefined,
    };
    this.keys.set(name, history);
    return history;
  }

  /** A tracker stamped a write, whatever becomes of it. */
  stamped(name: string, version: Version): void {
    this.keys.get(name)?.versions.push(version);
    this.#writeCount += 1;
  }

  /** All machines lost their memory at once: of soft records only what was synced by chance is owed. */
  excuseSoft(): void {
    for (const history of this.keys.values()) {
      if (history.recordClass === 'durable') continue;
      history.floor = undefined;
      history.degradedFloor = undefined;
      history.buried = undefined;
      for (const version of history.versions) version.copies = 0;
    }
  }

  refused(): void {
    this.#refusedCount += 1;
  }

  /** The client has heard that the write is safe in `copies` places. */
  acked(name: string, clock: number, origin: number, copies: number, nowMs: number): Version | undefined {
    this.acksByCopies.set(copies, (this.acksByCopies.get(copies) ?? 0) + 1);
    const history = this.keys.get(name);
    const version = history?.versions.findLast(({ record }) => record.clock === clock && record.origin === origin);
    if (history === undefined || version === undefined) return undefined;
    version.ackedAtMs = nowMs;
    version.copies = copies;
    if (copies >= SAFE_COPY_COUNT) history.floor = newer(history.floor, version);
    else history.degradedFloor = newer(history.degradedFloor, version);
    return version;
  }
}

function newer(known: Version | undefined, version: Version): Version {
  return known === undefined || compareRecords(version.record, known.record) > 0 ? version : known;
}
