import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { RecordForgedError, RecordTooLargeError, RecordTruncatedError } from './errors.js';
import { RECORD_COPY_MAX } from './limits.js';
import { RECORD_OVERHEAD, RecordOpener, RecordSealer } from './record.js';

const key = Buffer.alloc(32, 7);
const recordSizeMax = 64 * 1024;

function pair(): { sealer: RecordSealer; opener: RecordOpener } {
  return { sealer: new RecordSealer({ key, recordSizeMax }), opener: new RecordOpener({ key, recordSizeMax }) };
}

function codeByHand(sequence: number, body: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head.writeBigUInt64BE(BigInt(sequence), 0);
  head.writeUInt32BE(body.length, 8);
  return createHmac('sha256', key).update(head).update(body).digest().subarray(0, 16);
}

/** Cuts a stream into chunks of the given sizes, over and over. */
function* cut(stream: Buffer, sizes: readonly number[]): Generator<Buffer> {
  for (let at = 0, turn = 0; at < stream.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield stream.subarray(at, at + size);
    at += size;
  }
}

describe('RecordSealer', () => {
  it.each([0, 1, 200, RECORD_COPY_MAX - 1, RECORD_COPY_MAX, RECORD_COPY_MAX + 1, 60_000])(
    'writes length, body and HMAC-SHA-256 over (sequence, length, body) for a body of %i bytes',
    (size) => {
      const { sealer } = pair();
      const body = Buffer.alloc(size, 0xab);
      for (const sequence of [0, 1, 2]) {
        const record = Buffer.concat(sealer.seal([body.subarray(0, size >> 1), body.subarray(size >> 1)]));
        expect(record.readUInt32BE(0)).toBe(size);
        expect(record.subarray(4, 4 + size).equals(body)).toBe(true);
        expect(record.subarray(4 + size)).toEqual(codeByHand(sequence, body));
      }
    },
  );

  it('makes one chunk of a small record and copies none of a large one', () => {
    const { sealer } = pair();
    const large = Buffer.alloc(RECORD_COPY_MAX + 1);
    expect(sealer.seal([Buffer.alloc(10), Buffer.alloc(20)])).toHaveLength(1);
    const chunks = sealer.seal([large]);
    expect(chunks[1]?.buffer).toBe(large.buffer);
    // The code of one record must survive the sealing of the next.
    const code = Buffer.from(chunks[2] ?? []);
    sealer.seal([large]);
    expect(chunks[2]).toEqual(code);
  });

  it('refuses a body over the limit and stays usable', () => {
    const { sealer, opener } = pair();
    expect(() => sealer.seal([Buffer.alloc(recordSizeMax), Buffer.alloc(1)])).toThrow(RecordTooLargeError);
    expect(opener.push(Buffer.concat(sealer.seal([Buffer.from('ok')])))).toEqual([Buffer.from('ok')]);
  });
});

describe('RecordOpener.push', () => {
  it('gives back what was sealed, however the stream is cut', () => {
    const bodies = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 12 });
    const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(bodies, sizes, (sent, chunkSizes) => {
        const { sealer, opener } = pair();
        const stream = Buffer.concat(sent.flatMap((body) => sealer.seal([body])));
        const received = [...cut(stream, chunkSizes)].flatMap((chunk) => opener.push(chunk));
        opener.end();
        expect(received.map((body) => body.toString('hex'))).toEqual(
          sent.map((body) => Buffer.from(body).toString('hex')),
        );
      }),
    );
  });

  it('opens large records that come in many chunks', () => {
    const { sealer, opener } = pair();
    const bodies = [Buffer.alloc(60_000, 1), Buffer.alloc(50_000, 2)];
    const stream = Buffer.concat(bodies.flatMap((body) => sealer.seal([body])));
    expect([...cut(stream, [1, 3, 997])].flatMap((chunk) => opener.push(chunk))).toEqual(bodies);
  });

  it('copies nothing when a record is whole in its chunk', () => {
    const { sealer, opener } = pair();
    const chunk = Buffer.concat([...sealer.seal([Buffer.from('one')]), ...sealer.seal([Buffer.from('two')])]);
    for (const body of opener.push(chunk)) expect(body.buffer).toBe(chunk.buffer);
  });

  it('refuses every single changed bit', () => {
    const record = Buffer.concat(pair().sealer.seal([Buffer.from('the body')]));
    fc.assert(
      fc.property(fc.integer({ min: 4 * 8, max: record.length * 8 - 1 }), (bit) => {
        const changed = Buffer.from(record);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(() => pair().opener.push(changed)).toThrow(RecordForgedError);
      }),
    );
  });

  it('refuses a changed length, a replay, a gap, a swap and the other direction', () => {
    const { sealer } = pair();
    const [first, second, third] = ['a', 'b', 'c'].map((text) => Buffer.concat(sealer.seal([Buffer.from(text)])));
    const shorter = Buffer.from(first as Buffer);
    shorter.writeUInt32BE(0, 0);
    const reflected = Buffer.concat(new RecordSealer({ key: Buffer.alloc(32, 8) }).seal([Buffer.from('a')]));
    for (const stream of [[shorter], [first, first], [first, third], [second, first], [reflected]]) {
      expect(() => pair().opener.push(Buffer.concat(stream as Buffer[]))).toThrow(RecordForgedError);
    }
  });

  it('refuses an oversized record as soon as its length is there, without room for it', () => {
    const { opener } = pair();
    opener.push(Buffer.from([0xff, 0xff]));
    expect(() => opener.push(Buffer.from([0xff, 0xff]))).toThrow(RecordTooLargeError);
  });

  it('stays lost after an error', () => {
    const { sealer, opener } = pair();
    const good = Buffer.concat(sealer.seal([Buffer.from('good')]));
    const bad = Buffer.from(good);
    bad[5] = 0;
    expect(() => opener.push(bad)).toThrow(RecordForgedError);
    expect(() => opener.push(good)).toThrow(RecordForgedError);
    expect(() => opener.next(good, 0)).toThrow(RecordForgedError);
  });

  it('tells a stream that ended inside a record from one that ended after it', () => {
    const { sealer, opener } = pair();
    const record = Buffer.concat(sealer.seal([Buffer.from('cut me')]));
    opener.push(record.subarray(0, 2));
    opener.push(record.subarray(2, 9));
    expect(() => opener.end()).toThrow(new RecordTruncatedError(record.length - 9));
    expect(() => pair().opener.end()).not.toThrow();
  });
});

describe('RecordOpener.next', () => {
  it('lets raw bytes be taken out of the stream after a record', () => {
    const { sealer, opener } = pair();
    const payload = Buffer.from('raw bytes nobody sealed');
    const [one, two] = ['header', 'next header'].map((text) => Buffer.concat(sealer.seal([Buffer.from(text)])));
    const stream = Buffer.concat([one as Buffer, payload, two as Buffer]);
    for (let filled = 0; filled < RECORD_OVERHEAD + 6; filled += 1) {
      expect(opener.next(stream.subarray(0, filled), 0)).toBeUndefined();
    }
    const first = opener.next(stream, 0);
    expect(first?.body.toString()).toBe('header');
    const second = opener.next(stream, (first?.at ?? 0) + payload.length);
    expect(second).toEqual({ body: Buffer.from('next header'), at: stream.length });
    expect(second?.body.buffer).toBe(stream.buffer);
  });

  it('says how much room a record needs once its length is there', () => {
    const { sealer, opener } = pair();
    const record = Buffer.concat([Buffer.alloc(3), ...sealer.seal([Buffer.alloc(100)])]);
    expect(opener.sizeOf(record.subarray(0, 6), 3)).toBeUndefined();
    expect(opener.sizeOf(record.subarray(0, 7), 3)).toBe(RECORD_OVERHEAD + 100);
  });
});
