import { PanalError } from '@panal/runtime';
import fc from 'fast-check';
import {
  BLOCK_BYTES_MAX,
  CHUNK_COUNT_MAX,
  HAVE_CHUNKS_MAX,
  METADATA_BYTES_MAX,
  METADATA_PART_BYTES_MAX,
} from './data-limits.js';
import { type DataMessage, decodeDataMessages, encodeDataMessage } from './data-messages.js';

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const text = fc.string({ maxLength: 60 });
const buffer = (size: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength: size, maxLength: size }).map((bytes) => Buffer.from(bytes));

const message: fc.Arbitrary<DataMessage> = fc.oneof(
  fc.record({
    kind: fc.constant('open' as const),
    namespace: text,
    hash: fc.oneof(buffer(20), buffer(32)),
    peerId: buffer(16),
    peerName: text,
    dataPort: fc.integer({ min: 0, max: 65535 }),
  }),
  fc.integer({ min: 0, max: 500 }).chain((chunkCount) =>
    fc.record({
      kind: fc.constant('opened' as const),
      peerName: text,
      chunkCount: fc.constant(chunkCount),
      bitfield: buffer(Math.ceil(chunkCount / 8)),
    }),
  ),
  fc.record({ kind: fc.constant('open-refused' as const), code: text }),
  fc.record({ kind: fc.constant('have' as const), chunks: fc.array(u32, { maxLength: 50 }) }),
  fc.record({
    kind: fc.constant('request' as const),
    id: u32,
    index: fc.integer({ min: 0, max: CHUNK_COUNT_MAX }),
    begin: u32,
    sizeBytes: fc.integer({ min: 1, max: BLOCK_BYTES_MAX }),
  }),
  fc.record({ kind: fc.constant('refused' as const), id: u32, code: text }),
  fc.record({ kind: fc.constant('cancel' as const), id: u32 }),
  fc.record({ kind: fc.constantFrom('ping' as const, 'pong' as const) }),
  fc.record({
    kind: fc.constant('metadata-request' as const),
    id: u32,
    offset: fc.integer({ min: 0, max: METADATA_BYTES_MAX }),
    sizeBytes: fc.integer({ min: 1, max: METADATA_PART_BYTES_MAX }),
  }),
  fc.record({
    kind: fc.constant('metadata' as const),
    id: u32,
    totalBytes: fc.integer({ min: 0, max: METADATA_BYTES_MAX }),
    bytes: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  }),
);
const INVALID = 'data_message_invalid';
const block: DataMessage = { kind: 'block', id: 7, sizeBytes: 1000 };
const bodyOf = (messages: readonly DataMessage[]): Buffer => Buffer.concat(messages.map(encodeDataMessage));

describe('data messages', () => {
  it('come out as they went in, any number of them in one record', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), (messages) => {
        expect(decodeDataMessages(bodyOf([...messages, block]))).toEqual([...messages, block]);
      }),
    );
  });

  it('are refused with a typed error, whatever bytes come', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect([undefined, INVALID]).toContain(faultOf(Buffer.from(bytes)));
      }),
    );
  });

  it('are refused with a typed error when cut or changed anywhere', () => {
    fc.assert(
      fc.property(message, fc.nat(), fc.integer({ min: 1, max: 255 }), (original, place, flip) => {
        const bytes = encodeDataMessage(original);
        const at = place % bytes.length;
        expect([undefined, INVALID]).toContain(faultOf(bytes.subarray(0, at)));
        bytes[at] = (bytes[at] as number) ^ flip;
        expect([undefined, INVALID]).toContain(faultOf(bytes));
      }),
    );
  });

  it.each([
    ['a message behind a block', bodyOf([block, { kind: 'ping' }])],
    ['a block above the limit', encodeDataMessage({ kind: 'block', id: 1, sizeBytes: BLOCK_BYTES_MAX + 1 })],
    ['a request for nothing', encodeDataMessage({ kind: 'request', id: 1, index: 0, begin: 0, sizeBytes: 0 })],
    [
      'a torrent file above the limit',
      encodeDataMessage({ kind: 'metadata', id: 1, totalBytes: METADATA_BYTES_MAX + 1, bytes: Buffer.of(1) }),
    ],
    [
      'a part of a torrent file above the limit',
      encodeDataMessage({
        kind: 'metadata',
        id: 1,
        totalBytes: METADATA_BYTES_MAX,
        bytes: Buffer.alloc(METADATA_PART_BYTES_MAX + 1),
      }),
    ],
    [
      'a request for nothing of a torrent file',
      encodeDataMessage({ kind: 'metadata-request', id: 1, offset: 0, sizeBytes: 0 }),
    ],
    ['too many chunks in a have', encodeDataMessage({ kind: 'have', chunks: Array(HAVE_CHUNKS_MAX + 1).fill(0) })],
    [
      'a bitfield of another size',
      encodeDataMessage({ kind: 'opened', peerName: 'x', chunkCount: 9, bitfield: Buffer.of(255) }),
    ],
  ])('refuse %s', (_what, body) => {
    expect(() => decodeDataMessages(body)).toThrow(expect.objectContaining({ code: INVALID }));
  });

  it('of a kind this version does not know are passed over', () => {
    const unknown = Buffer.from([200, 0, 0, 0, 2, 1, 2]);
    expect(decodeDataMessages(Buffer.concat([unknown, bodyOf([block])]))).toEqual([block]);
  });

  it('ignore what a newer version put behind the known fields', () => {
    const body = encodeDataMessage({ kind: 'cancel', id: 5 });
    body.writeUInt32BE(6, 1);
    expect(decodeDataMessages(Buffer.concat([body, Buffer.of(1, 2)]))).toEqual([{ kind: 'cancel', id: 5 }]);
  });
});

/** The code of the typed error that decoding throws; whatever else is thrown passes on. */
function faultOf(bytes: Buffer): string | undefined {
  try {
    decodeDataMessages(bytes);
    return undefined;
  } catch (error) {
    if (error instanceof PanalError) return error.code;
    throw error;
  }
}
