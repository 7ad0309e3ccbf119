import { HandshakeInvalidError } from './errors.js';
import { HELLO_SIZE_MAX } from './limits.js';

// A hello message is `magic 6 | type u8 | size u16 | payload`. This layout holds for every version to come.

/** No text protocol, TLS record or SSH banner starts with this byte, so a stranger is recognised by its first one. */
const MAGIC = Buffer.from([0xc5, 0x50, 0x41, 0x4e, 0x41, 0x4c]);
const TYPE_AT = MAGIC.length;
const SIZE_AT = TYPE_AT + 1;
const PAYLOAD_AT = SIZE_AT + 2;

/** Kinds of hello message as they are numbered on the wire. */
export const HELLO_TYPES = { clientHello: 1, serverHello: 2, clientProof: 3, refusal: 4 } as const;

export type HelloType = (typeof HELLO_TYPES)[keyof typeof HELLO_TYPES];

export interface HelloMessage {
  readonly type: number;
  readonly payload: Buffer;
  /** All of it, magic included. */
  readonly bytes: Buffer;
}

/** Writes one hello message. */
export function encodeHello(type: HelloType, payload: Buffer): Buffer {
  const prelude = Buffer.alloc(PAYLOAD_AT);
  MAGIC.copy(prelude, 0);
  prelude.writeUInt8(type, TYPE_AT);
  prelude.writeUInt16BE(payload.length, SIZE_AT);
  return Buffer.concat([prelude, payload]);
}

/** Puts hello messages together from chunks, however they are cut, holding at most one of them. */
export class HelloReader {
  #pending: Buffer = Buffer.alloc(0);

  /**
   * The next message, once it is whole.
   * @returns `rest` is what follows it in `chunk`.
   * @throws HandshakeInvalidError at the first byte that no hello has there
   */
  read(chunk: Buffer): { readonly message: HelloMessage; readonly rest: Buffer } | undefined {
    // No hello needs more than this, so that a large chunk behind a few kept bytes is not copied whole.
    const kept = this.#pending.length;
    const bytes = kept === 0 ? chunk : Buffer.concat([this.#pending, chunk.subarray(0, PAYLOAD_AT + HELLO_SIZE_MAX)]);
    const size = messageSize(bytes);
    if (size === undefined || bytes.length < size) {
      this.#pending = Buffer.from(bytes);
      return undefined;
    }
    this.#pending = Buffer.alloc(0);
    const message = Buffer.from(bytes.subarray(0, size));
    return {
      message: { type: message.readUInt8(TYPE_AT), payload: message.subarray(PAYLOAD_AT), bytes: message },
      rest: chunk.subarray(size - kept),
    };
  }
}

/** Bytes of the message that `bytes` begins with, once they say so. @throws HandshakeInvalidError */
function messageSize(bytes: Buffer): number | undefined {
  const shown = bytes.subarray(0, MAGIC.length);
  if (!MAGIC.subarray(0, shown.length).equals(shown)) throw new HandshakeInvalidError(describeStranger(bytes));
  if (bytes.length < PAYLOAD_AT) return undefined;
  const size = bytes.readUInt16BE(SIZE_AT);
  if (size > HELLO_SIZE_MAX) throw new HandshakeInvalidError(`it announces a hello of ${size} bytes`);
  return PAYLOAD_AT + size;
}

/** What the first bytes of something else look like. */
function describeStranger(bytes: Buffer): string {
  const text = bytes.subarray(0, 8).toString('latin1');
  if (/^(?:GET|PUT|POST|HEAD|PATCH|DELETE|OPTIONS|CONNECT|TRACE|PRI) /.test(text) || text.startsWith('HTTP/'))
    return 'it speaks HTTP';
  if (bytes[0] === 0x16 && (bytes.length < 2 || bytes[1] === 3)) return 'it speaks TLS';
  if (text.startsWith('SSH-')) return 'it speaks SSH';
  if (text.startsWith('\x13BitTor')) return 'it speaks BitTorrent';
  return 'its first bytes are no hello';
}
