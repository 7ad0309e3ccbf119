import { createHmac, hash } from 'node:crypto';
import { RECORD_COPY_MAX } from './limits.js';

/** Size of a record's code: HMAC-SHA-256 cut to 128 bits. */
export const MAC_SIZE = 16;

/** Size of the length field a record starts with. */
export const LENGTH_SIZE = 4;

/** Size of a record key. */
export const RECORD_KEY_SIZE = 32;

const BLOCK_SIZE = 64;
const DIGEST_SIZE = 32;
const SEQUENCE_SIZE = 8;
const INPUT_AT = BLOCK_SIZE + SEQUENCE_SIZE;
const SMALL_SIZE_MAX = LENGTH_SIZE + RECORD_COPY_MAX;

// Shared by all connections: every use is one synchronous call that fills it first.
const inner = Buffer.allocUnsafeSlow(INPUT_AT + SMALL_SIZE_MAX);
const outer = Buffer.allocUnsafeSlow(BLOCK_SIZE + DIGEST_SIZE);
const code = Buffer.allocUnsafeSlow(DIGEST_SIZE);
const sequenceBytes = Buffer.allocUnsafeSlow(SEQUENCE_SIZE);

/**
 * HMAC-SHA-256 over (sequence number, length, body) of the records in one direction; the sequence number counts by itself
 * and is never sent. Small records go through two one-shot hashes, which cost a third of `createHmac`.
 * @see RFC 2104
 */
export class RecordMac {
  readonly #key: Buffer;
  readonly #innerPad: Buffer;
  readonly #outerPad: Buffer;
  #sequence = 0;

  constructor(key: Buffer) {
    if (key.length !== RECORD_KEY_SIZE) throw new RangeError(`a record key has ${RECORD_KEY_SIZE} bytes`);
    this.#key = Buffer.from(key);
    this.#innerPad = pad(key, 0x36);
    this.#outerPad = pad(key, 0x5c);
  }

  /**
   * The code of the next record. `parts` are its length field and body, in as many pieces as they come.
   * @returns A buffer that the next call, on any `RecordMac`, overwrites.
   */
  next(parts: readonly Uint8Array[], sizeBytes: number): Buffer {
    const sequence = this.#sequence;
    this.#sequence += 1;
    const digest = sizeBytes <= SMALL_SIZE_MAX ? this.#small(sequence, parts) : this.#large(sequence, parts);
    code.write(digest, 0, DIGEST_SIZE, 'latin1');
    return code.subarray(0, MAC_SIZE);
  }

  #small(sequence: number, parts: readonly Uint8Array[]): string {
    inner.set(this.#innerPad, 0);
    writeSequence(inner, BLOCK_SIZE, sequence);
    let at = INPUT_AT;
    for (const part of parts) {
      inner.set(part, at);
      at += part.length;
    }
    outer.set(this.#outerPad, 0);
    outer.write(hash('sha256', inner.subarray(0, at), 'binary'), BLOCK_SIZE, DIGEST_SIZE, 'latin1');
    return hash('sha256', outer, 'binary');
  }

  #large(sequence: number, parts: readonly Uint8Array[]): string {
    writeSequence(sequenceBytes, 0, sequence);
    const hmac = createHmac('sha256', this.#key).update(sequenceBytes);
    for (const part of parts) hmac.update(part);
    return hmac.digest('binary');
  }
}

function pad(key: Buffer, byte: number): Buffer {
  const padded = Buffer.alloc(BLOCK_SIZE, byte);
  for (const [at, value] of key.entries()) padded[at] = value ^ byte;
  return padded;
}

/** 64 bits, of which a connection never uses more than 53. */
function writeSequence(into: Buffer, at: number, sequence: number): void {
  into.writeUInt32BE(Math.floor(sequence / 0x1_0000_0000), at);
  into.writeUInt32BE(sequence >>> 0, at + 4);
}
