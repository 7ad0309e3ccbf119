import { createHmac, hkdfSync } from 'node:crypto';
import { SeededRandom } from '@panal/runtime';
import fc from 'fast-check';
import {
  DATAGRAM_BODY_SIZE_MAX,
  DatagramSeal,
  type DatagramSealOptions,
  type OpenedDatagram,
} from './cluster-datagram.js';
import { BodyUnencodableError, DatagramTooLargeError } from './errors.js';
import { DATAGRAM_SIZE_MAX, DATAGRAM_SKEW_MAX_MS, DATAGRAM_WINDOW } from './limits.js';

const secret = Buffer.alloc(32, 7);
const nowMs = 1_700_000_000_123;
let seed = 0;

function makeSeal(options: Partial<DatagramSealOptions> = {}): DatagramSeal {
  seed += 1;
  return new DatagramSeal({ secret, cluster: 'panal', purpose: 'gossip', random: new SeededRandom(seed), ...options });
}

const dropped = (fault: string): OpenedDatagram => ({ kind: 'dropped', fault }) as OpenedDatagram;

/** Any bytes, sealed as a member of the cluster would: for what only a faulty or hostile member sends. */
function forge(body: Buffer, sequence: number): Buffer {
  const key = Buffer.from(hkdfSync('sha256', secret, 'panal', 'panal datagram 1 gossip', 32));
  const head = Buffer.alloc(23);
  head.writeUIntBE(0xc55001, 0, 3);
  head.writeUIntBE(nowMs, 11, 6);
  head.writeUIntBE(sequence, 17, 6);
  const bytes = Buffer.concat([head, body]);
  return Buffer.concat([bytes, createHmac('sha256', key).update(bytes).digest().subarray(0, 16)]);
}

describe('DatagramSeal', () => {
  it('brings a message to every other member, byte strings as buffers of their own', () => {
    const bytes = makeSeal().seal({ kind: 'ping', hash: Buffer.from([1, 2, 3]) }, nowMs);
    for (const receiver of [makeSeal(), makeSeal()]) {
      const opened = receiver.open(bytes, nowMs + 5);
      expect(opened).toEqual({
        kind: 'opened',
        message: { kind: 'ping', hash: Buffer.from([1, 2, 3]) },
        sentAtMs: nowMs,
      });
      const { hash } = (opened as { message: { hash: Buffer } }).message;
      expect(hash.buffer.byteLength).toBe(3);
    }
  });

  it('has these bytes in format 1', () => {
    const random = { below: () => 0, bytes: (size: number) => Buffer.alloc(size, 0xaa) };
    expect(makeSeal({ random }).seal({ a: 1 }, nowMs).toString('hex')).toBe(
      `c55001${'aa'.repeat(8)}018bcfe5687b00000000000081a16101${'ea098571022bc86b8a5679c41cf8439a'}`,
    );
  });

  it('fills a datagram to the last byte and refuses the next one', () => {
    // A map of one short key with a byte string of 2-byte length takes 6 bytes besides.
    const largest = { b: Buffer.alloc(DATAGRAM_BODY_SIZE_MAX - 6) };
    const seal = makeSeal();
    expect(seal.seal(largest, nowMs)).toHaveLength(DATAGRAM_SIZE_MAX);
    const larger = { b: Buffer.alloc(DATAGRAM_BODY_SIZE_MAX - 5) };
    expect(() => seal.seal(larger, nowMs)).toThrow(DatagramTooLargeError);
    expect(() => seal.seal({ big: 10n ** 30n }, nowMs)).toThrow(BodyUnencodableError);
  });

  it('drops what another cluster, key or purpose sealed, and any datagram with a bit changed', () => {
    const receiver = makeSeal();
    for (const stranger of [
      makeSeal({ cluster: 'other' }),
      makeSeal({ secret: Buffer.alloc(32, 8) }),
      makeSeal({ purpose: 'beacon' }),
    ]) {
      expect(receiver.open(stranger.seal({ a: 1 }, nowMs), nowMs)).toEqual(dropped('code'));
    }
    const bytes = makeSeal().seal({ a: 1 }, nowMs);
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(receiver.open(changed, nowMs)).toEqual(dropped(bit < 24 ? 'format' : 'code'));
    }
    expect(receiver.open(bytes, nowMs).kind).toBe('opened');
  });

  it('drops what comes with a clock too far off, either way', () => {
    const [sender, receiver] = [makeSeal(), makeSeal()];
    for (const offMs of [DATAGRAM_SKEW_MAX_MS + 1, -DATAGRAM_SKEW_MAX_MS - 1]) {
      expect(receiver.open(sender.seal({}, nowMs + offMs), nowMs)).toEqual(dropped('time'));
    }
    for (const offMs of [DATAGRAM_SKEW_MAX_MS, -DATAGRAM_SKEW_MAX_MS]) {
      expect(receiver.open(sender.seal({}, nowMs + offMs), nowMs).kind).toBe('opened');
    }
  });

  it('takes each datagram once, in any order, and drops its own', () => {
    const [sender, receiver] = [makeSeal(), makeSeal()];
    const sent = Array.from({ length: 5 }, (_, index) => sender.seal({ index }, nowMs));
    const kinds = [4, 0, 2, 2, 1, 4, 3].map((index) => receiver.open(sent[index] as Buffer, nowMs).kind);
    expect(kinds).toEqual(['opened', 'opened', 'opened', 'dropped', 'opened', 'dropped', 'opened']);
    expect(receiver.open(sent[0] as Buffer, nowMs)).toEqual(dropped('replay'));
    expect(sender.open(sent[0] as Buffer, nowMs)).toEqual(dropped('echo'));
  });

  it('drops what comes from so far behind that it cannot know it', () => {
    const [sender, receiver] = [makeSeal(), makeSeal()];
    const first = sender.seal({}, nowMs);
    const second = sender.seal({}, nowMs);
    for (let count = 2; count < DATAGRAM_WINDOW; count += 1) sender.seal({}, nowMs);
    expect(receiver.open(sender.seal({}, nowMs), nowMs).kind).toBe('opened');
    expect(receiver.open(first, nowMs)).toEqual(dropped('replay'));
    expect(receiver.open(second, nowMs).kind).toBe('opened');
  });

  it('drops bytes of the wrong size or shape', () => {
    const receiver = makeSeal();
    expect(receiver.open(Buffer.alloc(0), nowMs)).toEqual(dropped('size'));
    expect(receiver.open(Buffer.alloc(38), nowMs)).toEqual(dropped('size'));
    expect(receiver.open(Buffer.alloc(DATAGRAM_SIZE_MAX + 1), nowMs)).toEqual(dropped('size'));
    expect(receiver.open(Buffer.alloc(200), nowMs)).toEqual(dropped('format'));
  });

  it('never throws, whatever the bytes', () => {
    const receiver = makeSeal();
    const anything = fc.uint8Array({ maxLength: 1400 }).map((bytes) => Buffer.from(bytes));
    fc.assert(fc.property(anything, (bytes) => expect(receiver.open(bytes, nowMs).kind).toBe('dropped')));
  });

  it('never throws, nor believes a length, for any body that a member of the cluster sealed', () => {
    const receiver = makeSeal();
    let sequence = 0;
    // Lengths of 4 GiB, deep nesting, extension types and plain noise.
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 1100 }),
      fc
        .constantFrom('dfffffffff', 'ddffffffff', 'c6ffffffff', 'dbffffffff', 'c9ffffffff01')
        .map((hex) => Buffer.from(hex, 'hex')),
      fc.nat(1100).map((depth) => Buffer.alloc(depth, 0x91)),
      fc
        .tuple(fc.constantFrom(0xc1, 0xc7, 0xd4, 0xd8), fc.uint8Array({ maxLength: 40 }))
        .map(([type, rest]) => Buffer.from([type, ...rest])),
    );
    fc.assert(
      fc.property(hostile, (body) => {
        const opened = receiver.open(forge(Buffer.from(body), sequence++), nowMs);
        expect(opened.kind === 'opened' ? 'body' : opened.fault).toBe('body');
      }),
      { numRuns: 500 },
    );
  });
});
