import type { RecordClass } from '@panal/cluster';
import { READ_FRAME_BYTES_MAX } from './limits.js';
import type { StoreFailure } from './store-failure.js';

/** What the reader tells about a store, beside its records. */
export type ReadReport =
  | { readonly kind: 'begin'; readonly recordClass: RecordClass }
  | {
      readonly kind: 'end';
      readonly recordClass: RecordClass;
      readonly recordCount: number;
      readonly damagedCount: number;
    }
  | { readonly kind: 'failure'; readonly recordClass: RecordClass; readonly failure: StoreFailure };

// A frame: its size (4), what it is (1), then the items of a batch (`forEachItem`) or a report as JSON.
export const FRAME_HEAD_SIZE = 5;
const RECORDS = 1;
const REPORT = 2;

export function writeRecordsHead(frame: Buffer, sizeBytes: number): void {
  frame.writeUInt32LE(sizeBytes);
  frame[4] = RECORDS;
}

export function reportFrame(report: ReadReport): Buffer {
  const body = Buffer.from(JSON.stringify(report));
  const head = Buffer.alloc(FRAME_HEAD_SIZE);
  head.writeUInt32LE(body.length);
  head[4] = REPORT;
  return Buffer.concat([head, body]);
}

/** Puts the frames together that arrive in pieces. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  constructor(
    private readonly onRecords: (items: Buffer) => void,
    private readonly onReport: (report: ReadReport) => void,
  ) {}

  /** @throws RangeError where a frame says it is larger than frames are. */
  push(piece: Buffer): void {
    let bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    for (let end = frameEnd(bytes); end !== undefined; end = frameEnd(bytes)) {
      const body = bytes.subarray(FRAME_HEAD_SIZE, end);
      if (bytes[4] === RECORDS) this.onRecords(body);
      else this.onReport(JSON.parse(body.toString()) as ReadReport);
      bytes = bytes.subarray(end);
    }
    this.#rest = bytes;
  }
}

function frameEnd(bytes: Buffer): number | undefined {
  if (bytes.length < FRAME_HEAD_SIZE) return undefined;
  const size = bytes.readUInt32LE();
  if (size > READ_FRAME_BYTES_MAX) throw new RangeError('The reader of the records sent no frame.');
  return bytes.length < FRAME_HEAD_SIZE + size ? undefined : FRAME_HEAD_SIZE + size;
}
