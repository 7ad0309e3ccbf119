import { decodeBody, encodeBody } from './body.js';
import { isErrorReport, toErrorReport } from './error-body.js';
import { BodyInvalidError, EnvelopeInvalidError } from './errors.js';
import { isHybridTime } from './hybrid-clock.js';
import { FRAME_SIZE_MAX } from './limits.js';
import { type PatternParts, parsePattern, patternOf } from './pattern.js';

// A frame is `size u32 | envelope`, `size` counting the envelope; frames end to end are the body of a record.
// An envelope is `kind u8 | msgId u32 | timestamp f64 | version f64 | pattern size u8 | pattern | body`, big-endian.

/** Kinds of envelope as they are numbered on the wire. A new one is added at the end. */
const KINDS = ['request', 'reply', 'error', 'event', 'streamValue', 'streamEnd'] as const;

/**
 * `request` wants an answer: one `reply` or `error`, or `streamValue`s ended by `streamEnd` or `error`. `event` wants none.
 * Answers carry the `msgId` of their request.
 */
export type EnvelopeKind = (typeof KINDS)[number];

/** One message. `endpoint`, `handler` and `command` are set in requests and events, and empty in answers. */
export interface Envelope extends PatternParts {
  readonly kind: EnvelopeKind;
  /** 0 to 2^32 - 1, chosen by the one who asks; free again once answered. */
  readonly msgId: number;
  /** The sender's wall clock, ms since 1970. For people and metrics; nothing is decided by it. */
  readonly timestamp: number;
  /** The sender's hybrid clock. */
  readonly version: number;
  /** See `decodeBody`. In an `error` it is an ErrorReport. */
  readonly data: unknown;
}

const SIZE_SIZE = 4;
const KIND_AT = 0;
const MSG_ID_AT = 1;
const TIMESTAMP_AT = 5;
const VERSION_AT = 13;
const PATTERN_SIZE_AT = 21;
const PATTERN_AT = 22;
const MSG_ID_MAX = 0xffff_ffff;
const NO_PATTERN: PatternParts = { endpoint: '', handler: '', command: '' };

/**
 * The envelope as a frame, ready for a sealer.
 * @throws EnvelopeInvalidError, BodyUnencodableError: the caller gave something that cannot be sent.
 */
export function encodeFrame(envelope: Envelope): Buffer {
  const { kind, msgId, timestamp, version } = envelope;
  const pattern = hasPattern(kind) ? patternOf(envelope) : '';
  if (hasPattern(kind) && parsePattern(pattern) === undefined)
    throw new EnvelopeInvalidError(`"${pattern}" is no pattern`);
  checkNumbers(msgId, timestamp, version);
  const data = kind === 'error' ? toErrorReport(envelope.data) : envelope.data;
  const frame = encodeBody(data, SIZE_SIZE + PATTERN_AT + pattern.length);
  frame.writeUInt32BE(frame.length - SIZE_SIZE, 0);
  frame.writeUInt8(KINDS.indexOf(kind), SIZE_SIZE + KIND_AT);
  frame.writeUInt32BE(msgId, SIZE_SIZE + MSG_ID_AT);
  frame.writeDoubleBE(timestamp, SIZE_SIZE + TIMESTAMP_AT);
  frame.writeDoubleBE(version, SIZE_SIZE + VERSION_AT);
  frame.writeUInt8(pattern.length, SIZE_SIZE + PATTERN_SIZE_AT);
  frame.write(pattern, SIZE_SIZE + PATTERN_AT, 'latin1');
  return frame;
}

/** The envelopes' bytes in the body of a record: views of it. @throws EnvelopeInvalidError */
export function splitFrames(body: Buffer): Buffer[] {
  const envelopes: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    if (body.length - at < SIZE_SIZE) throw new EnvelopeInvalidError('its record ends inside a frame');
    const size = body.readUInt32BE(at);
    const end = at + SIZE_SIZE + size;
    if (size < PATTERN_AT || size > FRAME_SIZE_MAX)
      throw new EnvelopeInvalidError(`it announces a size of ${size} bytes`);
    if (end > body.length) throw new EnvelopeInvalidError('its record ends inside a frame');
    envelopes.push(body.subarray(at + SIZE_SIZE, end));
    at = end;
  }
  return envelopes;
}

/**
 * One envelope, as `splitFrames` gave it. Nothing in the result is a view of `bytes`.
 * @throws EnvelopeInvalidError when the header is unsound: close the connection.
 * @throws BodyInvalidError when only the body is; its `msgId` is the request to answer with the error, if it was one.
 */
export function decodeEnvelope(bytes: Buffer): Envelope {
  if (bytes.length < PATTERN_AT) throw new EnvelopeInvalidError('it is shorter than its header');
  const kind = KINDS[bytes.readUInt8(KIND_AT)];
  if (kind === undefined) throw new EnvelopeInvalidError('its kind is unknown');
  const msgId = bytes.readUInt32BE(MSG_ID_AT);
  const timestamp = bytes.readDoubleBE(TIMESTAMP_AT);
  const version = bytes.readDoubleBE(VERSION_AT);
  checkNumbers(msgId, timestamp, version);
  const bodyAt = PATTERN_AT + bytes.readUInt8(PATTERN_SIZE_AT);
  if (bodyAt > bytes.length) throw new EnvelopeInvalidError('it ends inside its pattern');
  const { endpoint, handler, command } = decodePattern(kind, bytes.toString('latin1', PATTERN_AT, bodyAt));
  const data = decodeData(kind, msgId, bytes.subarray(bodyAt));
  return { kind, msgId, timestamp, version, endpoint, handler, command, data };
}

function decodePattern(kind: EnvelopeKind, pattern: string): PatternParts {
  if (pattern === '' && !hasPattern(kind)) return NO_PATTERN;
  const parts = hasPattern(kind) ? parsePattern(pattern) : undefined;
  if (parts === undefined) throw new EnvelopeInvalidError(`its pattern does not fit a ${kind}`);
  return parts;
}

function decodeData(kind: EnvelopeKind, msgId: number, bytes: Buffer): unknown {
  try {
    const data = decodeBody(bytes);
    if (kind === 'error' && !isErrorReport(data)) throw new BodyInvalidError('it is no error report');
    return data;
  } catch (error) {
    if (error instanceof BodyInvalidError && kind === 'request') error.msgId = msgId;
    throw error;
  }
}

function hasPattern(kind: EnvelopeKind): boolean {
  return kind === 'request' || kind === 'event';
}

function checkNumbers(msgId: number, timestamp: number, version: number): void {
  if (!Number.isInteger(msgId) || msgId < 0 || msgId > MSG_ID_MAX)
    throw new EnvelopeInvalidError('its msg_id is out of range');
  if (!(timestamp >= 0 && timestamp <= Number.MAX_SAFE_INTEGER))
    throw new EnvelopeInvalidError('its timestamp is out of range');
  if (!isHybridTime(version)) throw new EnvelopeInvalidError('its version is out of range');
}
