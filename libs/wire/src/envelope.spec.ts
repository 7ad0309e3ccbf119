import { errorReport } from '@panal/runtime';
import fc from 'fast-check';
import { decodeEnvelope, type Envelope, type EnvelopeKind, encodeFrame, splitFrames } from './envelope.js';
import { BodyInvalidError, BodyUnencodableError, ClockAheadError, EnvelopeInvalidError } from './errors.js';
import { ERROR_TEXT_SIZE_MAX, FRAME_SIZE_MAX } from './limits.js';
import { parsePattern, patternOf } from './pattern.js';

const request: Envelope = {
  kind: 'request',
  msgId: 7,
  timestamp: 1_700_000_000_123,
  version: 1_700_000_000_123 * 4096 + 5,
  endpoint: 'tracker',
  handler: 'peers',
  command: 'announce',
  data: { namespace: 'default', hash: Buffer.alloc(32, 3), index: -1 },
};
const reply: Envelope = { ...request, kind: 'reply', endpoint: '', handler: '', command: '' };

const onlyEnvelope = (frame: Buffer): Buffer => splitFrames(frame)[0] ?? Buffer.alloc(0);
const roundTrip = (envelope: Envelope): Envelope => decodeEnvelope(onlyEnvelope(encodeFrame(envelope)));

describe('envelope', () => {
  it.each<EnvelopeKind>(['request', 'event'])('carries a %s with its pattern', (kind) => {
    expect(roundTrip({ ...request, kind })).toEqual({ ...request, kind });
  });

  it.each<EnvelopeKind>(['reply', 'streamValue', 'streamEnd'])('carries a %s without one', (kind) => {
    expect(roundTrip({ ...request, kind })).toEqual({ ...reply, kind });
  });

  it('carries no data as undefined', () => {
    expect(roundTrip({ ...reply, data: undefined }).data).toBeUndefined();
  });

  it('carries the limits of its numbers', () => {
    const edge = { ...reply, msgId: 0xffff_ffff, timestamp: 0, version: Number.MAX_SAFE_INTEGER };
    expect(roundTrip(edge)).toEqual(edge);
  });

  it.each([
    [{ msgId: -1 }],
    [{ msgId: 2 ** 32 }],
    [{ msgId: 1.5 }],
    [{ timestamp: Number.NaN }],
    [{ timestamp: -1 }],
    [{ version: 0.5 }],
    [{ version: Number.POSITIVE_INFINITY }],
    [{ command: '' }],
    [{ command: 'a.b' }],
    [{ endpoint: 'Tracker' }],
    [{ handler: 'x'.repeat(33) }],
    [{ handler: 'ñ' }],
  ])('cannot be sent with %j', (wrong) => {
    expect(() => encodeFrame({ ...request, ...wrong })).toThrow(EnvelopeInvalidError);
  });

  it('holds the largest metadata, and nothing over the frame limit', () => {
    const bytes = Buffer.alloc(1024 * 1024, 1);
    expect(roundTrip({ ...request, data: { bytes } }).data).toEqual({ bytes });
    expect(() => encodeFrame({ ...request, data: Buffer.alloc(FRAME_SIZE_MAX - 20) })).toThrow(BodyUnencodableError);
  });
});

describe('splitFrames', () => {
  it('finds the envelopes of a gathered write', () => {
    const sent = [request, reply, { ...reply, msgId: 8 }];
    const body = Buffer.concat(sent.map((envelope) => encodeFrame(envelope)));
    expect(splitFrames(body).map((bytes) => decodeEnvelope(bytes).msgId)).toEqual([7, 7, 8]);
    expect(splitFrames(Buffer.alloc(0))).toEqual([]);
  });

  it('refuses a record that ends inside a frame, and frames of impossible sizes', () => {
    const body = Buffer.concat([encodeFrame(request), encodeFrame(reply)]);
    const first = encodeFrame(request).length;
    const sizes = [...body.keys()].filter((size) => size !== 0 && size !== first);
    for (const size of sizes) expect(() => splitFrames(body.subarray(0, size))).toThrow(EnvelopeInvalidError);
    for (const announced of [0, 21, FRAME_SIZE_MAX + 1, 0xffff_ffff]) {
      const frame = Buffer.alloc(64);
      frame.writeUInt32BE(announced, 0);
      expect(() => splitFrames(frame)).toThrow(EnvelopeInvalidError);
    }
  });
});

describe('decodeEnvelope', () => {
  it('throws nothing but its typed errors for random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => expect(untyped(Buffer.from(bytes))).toBeUndefined()),
      { numRuns: 2000 },
    );
  });

  it('throws nothing but its typed errors for a sound message with bits flipped, cut off anywhere', () => {
    const sound = onlyEnvelope(encodeFrame(request));
    const flips = fc.array(fc.nat(sound.length * 8 - 1), { maxLength: 5 });
    fc.assert(
      fc.property(flips, fc.nat(sound.length), (bits, size) => {
        const bytes = Buffer.from(sound);
        for (const bit of bits) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(untyped(bytes)).toBeUndefined();
        expect(untyped(bytes.subarray(0, size))).toBeUndefined();
      }),
      { numRuns: 2000 },
    );
  });

  it('refuses a request without a pattern and an answer with one', () => {
    const asReply = onlyEnvelope(encodeFrame(request));
    asReply[0] = 1;
    const asRequest = onlyEnvelope(encodeFrame(reply));
    asRequest[0] = 0;
    for (const bytes of [asReply, asRequest]) expect(() => decodeEnvelope(bytes)).toThrow(EnvelopeInvalidError);
  });

  it('names the request whose body cannot be read, so that it can be answered', () => {
    const bytes = (envelope: Envelope): Buffer =>
      Buffer.concat([onlyEnvelope(encodeFrame(envelope)), Buffer.from([0xc1])]);
    expect(thrownBy(() => decodeEnvelope(bytes(request)))).toMatchObject({ code: 'body_invalid', msgId: 7 });
    expect(thrownBy(() => decodeEnvelope(bytes(reply)))).toMatchObject({ code: 'body_invalid', msgId: undefined });
  });
});

describe('error envelope', () => {
  const report = errorReport(new ClockAheadError(12_000));

  it('carries an error report', () => {
    expect(roundTrip({ ...reply, kind: 'error', data: report }).data).toEqual(report);
  });

  it('carries nothing beside the report, and texts cut to the limit', () => {
    const data = { ...report, message: 'm'.repeat(ERROR_TEXT_SIZE_MAX + 1), stack: 'secret' };
    const received = roundTrip({ ...reply, kind: 'error', data }).data as { message: string };
    expect(received).not.toHaveProperty('stack');
    expect(received.message).toHaveLength(ERROR_TEXT_SIZE_MAX);
  });

  it.each([
    undefined,
    null,
    'text',
    {},
    { ...report, code: '' },
    { ...report, retryable: 1 },
    { ...report, action: 5 },
  ])('is neither sent nor taken with %j in it', (data) => {
    expect(() => encodeFrame({ ...reply, kind: 'error', data })).toThrow(BodyUnencodableError);
    const bytes = onlyEnvelope(encodeFrame({ ...reply, data }));
    bytes[0] = 2;
    expect(() => decodeEnvelope(bytes)).toThrow(BodyInvalidError);
  });
});

describe('parsePattern', () => {
  it('is the inverse of patternOf', () => {
    const parts = { endpoint: 'tracker', handler: 'peers', command: 'announce' };
    expect(parsePattern(patternOf(parts))).toEqual(parts);
  });

  it('goes on working when a sender has filled its memory with inventions', () => {
    for (let index = 0; index < 3000; index += 1) parsePattern(`x.y.z${index}`);
    expect(parsePattern('late.comer.too')).toEqual({ endpoint: 'late', handler: 'comer', command: 'too' });
  });
});

/** What decoding `bytes` throws beside the errors it promises. */
function untyped(bytes: Buffer): unknown {
  const error = thrownBy(() => decodeEnvelope(bytes));
  return error instanceof EnvelopeInvalidError || error instanceof BodyInvalidError ? undefined : error;
}

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}
