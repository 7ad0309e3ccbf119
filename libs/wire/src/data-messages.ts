import { DataMessageError } from './data-errors.js';
import {
  BLOCK_BYTES_MAX,
  CHUNK_COUNT_MAX,
  HAVE_CHUNKS_MAX,
  METADATA_BYTES_MAX,
  METADATA_PART_BYTES_MAX,
} from './data-limits.js';

/**
 * The data plane between two peers: one connection per torrent and pair, opened by the downloader. After the
 * handshake each side sends sealed records; a record's body is a run of messages `u8 type, u32 size, fields`, integers
 * big-endian. A `block` is the last message of its record, and its `sizeBytes` content bytes follow the record as they
 * are: they need no seal, because the receiver checks them against the torrent's hashes.
 * @see docs/protocol.md, "data plane"
 */
export type DataMessage =
  | OpenMessage
  | OpenedMessage
  | { readonly kind: 'open-refused'; readonly code: string }
  | { readonly kind: 'have'; readonly chunks: readonly number[] }
  | RequestMessage
  | { readonly kind: 'block'; readonly id: number; readonly sizeBytes: number }
  | { readonly kind: 'refused'; readonly id: number; readonly code: string }
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'ping' }
  | { readonly kind: 'pong' }
  | MetadataRequestMessage
  | MetadataMessage;

/** The downloader says what it wants and, so that the provider can dial it in turn, who it is. */
export interface OpenMessage {
  readonly kind: 'open';
  readonly namespace: string;
  /** Content id, 20 (v1) or 32 (v2) bytes. */
  readonly hash: Buffer;
  readonly peerId: Buffer;
  readonly peerName: string;
  /** Where the downloader's own data port listens; 0 when it has none. */
  readonly dataPort: number;
}

export interface OpenedMessage {
  readonly kind: 'opened';
  readonly peerName: string;
  readonly chunkCount: number;
  /** One bit a chunk, highest bit first, spare bits zero. A view of the record: copy it to keep it. */
  readonly bitfield: Buffer;
}

/** Asks for `sizeBytes` content bytes from `begin` in chunk `index`; the range stays inside the chunk. */
export interface RequestMessage {
  readonly kind: 'request';
  /** Chosen by the asker, unique among its open requests. */
  readonly id: number;
  readonly index: number;
  readonly begin: number;
  readonly sizeBytes: number;
}

/** Asks for `sizeBytes` of the torrent file itself, from `offset` on; at the end fewer come. */
export interface MetadataRequestMessage {
  readonly kind: 'metadata-request';
  readonly id: number;
  readonly offset: number;
  /** 1 to METADATA_PART_BYTES_MAX. */
  readonly sizeBytes: number;
}

export interface MetadataMessage {
  readonly kind: 'metadata';
  readonly id: number;
  /** Size of the whole torrent file. */
  readonly totalBytes: number;
  /** The part that was asked for. A view of the record: copy it to keep it. */
  readonly bytes: Buffer;
}

const HEADER_SIZE = 5;
const TYPES = {
  open: 1,
  opened: 2,
  'open-refused': 3,
  have: 4,
  request: 5,
  block: 6,
  refused: 7,
  cancel: 8,
  ping: 9,
  pong: 10,
  'metadata-request': 11,
  metadata: 12,
} as const satisfies Record<DataMessage['kind'], number>;

/** One message as a frame for `RecordSealer.seal`. */
export function encodeDataMessage(message: DataMessage): Buffer {
  switch (message.kind) {
    case 'open':
      return encodeOpen(message);
    case 'opened':
      return encodeOpened(message);
    case 'open-refused':
      return frame('open-refused', [text(message.code)]);
    case 'have':
      return encodeNumbers('have', message.chunks);
    case 'request':
      return encodeNumbers('request', [message.id, message.index, message.begin, message.sizeBytes]);
    case 'block':
      return encodeNumbers('block', [message.id, message.sizeBytes]);
    case 'refused':
      return frame('refused', [numbers([message.id]), text(message.code)]);
    case 'cancel':
      return encodeNumbers('cancel', [message.id]);
    case 'ping':
    case 'pong':
      return frame(message.kind, []);
    case 'metadata-request':
      return encodeNumbers('metadata-request', [message.id, message.offset, message.sizeBytes]);
    case 'metadata':
      return frame('metadata', [numbers([message.id, message.totalBytes]), message.bytes]);
  }
}

/**
 * The messages of one record's body, in order. A `block` may only stand last.
 * @throws DataMessageError what the message is, and why it cannot be: the connection is to be closed.
 */
export function decodeDataMessages(body: Buffer): DataMessage[] {
  const messages: DataMessage[] = [];
  for (let at = 0; at < body.length; ) {
    if (body.length - at < HEADER_SIZE) throw new DataMessageError('a message header is cut short');
    const type = body.readUInt8(at);
    const sizeBytes = body.readUInt32BE(at + 1);
    const end = at + HEADER_SIZE + sizeBytes;
    if (end > body.length) throw new DataMessageError('a message is cut short');
    if (messages.at(-1)?.kind === 'block') throw new DataMessageError('a message follows a block in its record');
    const message = decodeFields(type, new FieldReader(body.subarray(at + HEADER_SIZE, end)));
    if (message !== undefined) messages.push(message);
    at = end;
  }
  return messages;
}

function decodeFields(type: number, fields: FieldReader): DataMessage | undefined {
  switch (type) {
    case TYPES.open:
      return decodeOpen(fields);
    case TYPES.opened:
      return decodeOpened(fields);
    case TYPES['open-refused']:
      return { kind: 'open-refused', code: fields.text() };
    case TYPES.have:
      return decodeHave(fields);
    case TYPES.request:
      return decodeRequest(fields);
    case TYPES.block:
      return { kind: 'block', id: fields.number(), sizeBytes: fields.number(BLOCK_BYTES_MAX) };
    case TYPES.refused:
      return { kind: 'refused', id: fields.number(), code: fields.text() };
    case TYPES.cancel:
      return { kind: 'cancel', id: fields.number() };
    case TYPES.ping:
      return { kind: 'ping' };
    case TYPES.pong:
      return { kind: 'pong' };
    case TYPES['metadata-request']:
      return decodeMetadataRequest(fields);
    case TYPES.metadata:
      return decodeMetadata(fields);
    default:
      // A newer peer may say more than this version knows; what is said must not depend on being understood.
      return undefined;
  }
}

function encodeOpen(message: OpenMessage): Buffer {
  const port = Buffer.allocUnsafe(2);
  port.writeUInt16BE(message.dataPort);
  const fields = [text(message.namespace), bytes(message.hash), bytes(message.peerId), text(message.peerName), port];
  return frame('open', fields);
}

function decodeOpen(fields: FieldReader): OpenMessage {
  const namespace = fields.text();
  const hash = Buffer.from(fields.bytes());
  const peerId = Buffer.from(fields.bytes());
  if (hash.length !== 20 && hash.length !== 32) throw new DataMessageError('a content id has 20 or 32 bytes');
  if (peerId.length !== 16) throw new DataMessageError('a peer id has 16 bytes');
  return { kind: 'open', namespace, hash, peerId, peerName: fields.text(), dataPort: fields.port() };
}

function encodeOpened(message: OpenedMessage): Buffer {
  return frame('opened', [text(message.peerName), numbers([message.chunkCount]), message.bitfield]);
}

function decodeOpened(fields: FieldReader): OpenedMessage {
  const peerName = fields.text();
  const chunkCount = fields.number(CHUNK_COUNT_MAX);
  const bitfield = fields.rest();
  if (bitfield.length !== Math.ceil(chunkCount / 8)) throw new DataMessageError('a bitfield has another size');
  return { kind: 'opened', peerName, chunkCount, bitfield };
}

function decodeHave(fields: FieldReader): DataMessage {
  const rest = fields.rest();
  if (rest.length % 4 !== 0) throw new DataMessageError('a list of chunks is cut short');
  if (rest.length / 4 > HAVE_CHUNKS_MAX) throw new DataMessageError('a list of chunks is too long');
  return { kind: 'have', chunks: Array.from({ length: rest.length / 4 }, (_, at) => rest.readUInt32BE(at * 4)) };
}

function decodeRequest(fields: FieldReader): RequestMessage {
  const [id, index, begin] = [fields.number(), fields.number(CHUNK_COUNT_MAX), fields.number()];
  const sizeBytes = fields.number(BLOCK_BYTES_MAX);
  if (sizeBytes === 0) throw new DataMessageError('a request asks for nothing');
  return { kind: 'request', id, index, begin, sizeBytes };
}

function decodeMetadataRequest(fields: FieldReader): MetadataRequestMessage {
  const [id, offset] = [fields.number(), fields.number(METADATA_BYTES_MAX)];
  const sizeBytes = fields.number(METADATA_PART_BYTES_MAX);
  if (sizeBytes === 0) throw new DataMessageError('a request asks for nothing');
  return { kind: 'metadata-request', id, offset, sizeBytes };
}

function decodeMetadata(fields: FieldReader): MetadataMessage {
  const [id, totalBytes, bytes] = [fields.number(), fields.number(METADATA_BYTES_MAX), fields.rest()];
  if (bytes.length > METADATA_PART_BYTES_MAX) throw new DataMessageError('a part of a torrent file is too long');
  return { kind: 'metadata', id, totalBytes, bytes };
}

function encodeNumbers(kind: DataMessage['kind'], values: readonly number[]): Buffer {
  return frame(kind, [numbers(values)]);
}

function frame(kind: DataMessage['kind'], fields: readonly Buffer[]): Buffer {
  const header = Buffer.allocUnsafe(HEADER_SIZE);
  header.writeUInt8(TYPES[kind]);
  header.writeUInt32BE(
    fields.reduce((size, field) => size + field.length, 0),
    1,
  );
  return Buffer.concat([header, ...fields]);
}

function numbers(values: readonly number[]): Buffer {
  const buffer = Buffer.allocUnsafe(values.length * 4);
  for (const [at, value] of values.entries()) buffer.writeUInt32BE(value, at * 4);
  return buffer;
}

/** A byte string of at most 255 bytes, behind its length. */
function bytes(value: Buffer): Buffer {
  if (value.length > 255) throw new DataMessageError('a text is longer than 255 bytes');
  return Buffer.concat([Buffer.of(value.length), value]);
}

function text(value: string): Buffer {
  return bytes(Buffer.from(value, 'utf8'));
}

/** Reads fields in order; a missing one is a `DataMessageError`, and what a newer version appended is passed over. */
class FieldReader {
  #at = 0;

  constructor(private readonly buffer: Buffer) {}

  number(max = 0xffff_ffff): number {
    const value = this.#take(4).readUInt32BE(0);
    if (value > max) throw new DataMessageError(`a number is ${value}, and at most ${max} is allowed`);
    return value;
  }

  port(): number {
    return this.#take(2).readUInt16BE(0);
  }

  bytes(): Buffer {
    return this.#take(this.#take(1).readUInt8(0));
  }

  text(): string {
    return this.bytes().toString('utf8');
  }

  rest(): Buffer {
    return this.#take(this.buffer.length - this.#at);
  }

  #take(sizeBytes: number): Buffer {
    const end = this.#at + sizeBytes;
    if (end > this.buffer.length) throw new DataMessageError('a field is cut short');
    const taken = this.buffer.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}
