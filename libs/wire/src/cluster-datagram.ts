import assert from 'node:assert';
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { Random } from '@panal/runtime';
import { decodeBody, encodeBody } from './body.js';
import { ReplayGuard } from './cluster-replay.js';
import { BodyInvalidError, DatagramTooLargeError } from './errors.js';
import { DATAGRAM_SIZE_MAX, DATAGRAM_SKEW_MAX_MS } from './limits.js';

// A datagram is `magic u16 | format u8 | sender 8 | sentAt u48 | sequence u48 | body | code 16`, big-endian. `sender` is random,
// made at each start of a process; `sentAt` is its wall clock in ms since 1970; `sequence` counts what it sent, to anyone. The
// body is MessagePack; the code is HMAC-SHA-256, cut to 128 bits, over all before it.

const MAGIC = 0xc550;
const FORMAT = 1;
const FORMAT_AT = 2;
const SENDER_AT = 3;
const SENDER_SIZE = 8;
const SENT_AT = SENDER_AT + SENDER_SIZE;
const SEQUENCE_AT = SENT_AT + 6;
const BODY_AT = SEQUENCE_AT + 6;
const CODE_SIZE = 16;
const KEY_SIZE = 32;

/** What a datagram adds to the MessagePack of its message. */
const DATAGRAM_OVERHEAD = BODY_AT + CODE_SIZE;

/** Room for a message in MessagePack. */
export const DATAGRAM_BODY_SIZE_MAX = DATAGRAM_SIZE_MAX - DATAGRAM_OVERHEAD;

/** What a datagram is sent for. Each has a key of its own, so that what was sent for one is nothing to the other. */
export type DatagramPurpose = 'gossip' | 'beacon';

/**
 * Why a datagram was dropped. `code`: changed, or of another cluster, key or purpose. `time`: the sender's clock is too far
 * off, or it is old. `echo`: this process sent it. `senders`: more senders than are remembered. `body`: sealed, and no message.
 */
export const DATAGRAM_FAULTS = ['size', 'format', 'code', 'time', 'echo', 'replay', 'senders', 'body'] as const;
export type DatagramFault = (typeof DATAGRAM_FAULTS)[number];

export type OpenedDatagram =
  | { readonly kind: 'opened'; readonly message: unknown; readonly sentAtMs: number }
  | { readonly kind: 'dropped'; readonly fault: DatagramFault };

export interface DatagramSealOptions {
  /** The cluster's secret, 32 bytes. */
  readonly secret: Buffer;
  /** Accepted beside it, while it is replaced. */
  readonly otherSecrets?: readonly Buffer[];
  readonly cluster: string;
  readonly purpose: DatagramPurpose;
  /** Of the sender tag: the machine's own generator outside tests. */
  readonly random: Random;
}

/**
 * Seals and opens the datagrams of one process for one purpose. Members of the cluster are told from everyone else, and each
 * datagram is taken once, within DATAGRAM_SKEW_MAX_MS. Nothing is secret: whoever listens can read them.
 */
export class DatagramSeal {
  /** The first seals. */
  readonly #keys: readonly [Buffer, ...Buffer[]];
  readonly #sender: Buffer;
  readonly #guard = new ReplayGuard();
  #sequence = 0;

  constructor({ secret, otherSecrets = [], cluster, purpose, random }: DatagramSealOptions) {
    const keyOf = (one: Buffer): Buffer => {
      assert(one.length === KEY_SIZE, 'a cluster secret has 32 bytes');
      return Buffer.from(hkdfSync('sha256', one, cluster, `panal datagram 1 ${purpose}`, KEY_SIZE));
    };
    this.#keys = [keyOf(secret), ...otherSecrets.map(keyOf)];
    this.#sender = random.bytes(SENDER_SIZE);
  }

  /** @throws DatagramTooLargeError, BodyUnencodableError */
  seal(message: object, nowMs: number): Buffer {
    const sealed = encodeBody(message, BODY_AT);
    const sizeBytes = sealed.length + CODE_SIZE;
    if (sizeBytes > DATAGRAM_SIZE_MAX) throw new DatagramTooLargeError(sizeBytes, DATAGRAM_SIZE_MAX);
    sealed.writeUInt16BE(MAGIC, 0);
    sealed.writeUInt8(FORMAT, FORMAT_AT);
    sealed.set(this.#sender, SENDER_AT);
    sealed.writeUIntBE(Math.floor(nowMs), SENT_AT, 6);
    sealed.writeUIntBE(this.#sequence, SEQUENCE_AT, 6);
    this.#sequence += 1;
    return Buffer.concat([sealed, codeOf(this.#keys[0], sealed)], sizeBytes);
  }

  /** Never throws, whatever the bytes. Nothing in the message is a view of `bytes`. */
  open(bytes: Buffer, nowMs: number): OpenedDatagram {
    const fault = this.#findFault(bytes, nowMs);
    if (fault !== undefined) return { kind: 'dropped', fault };
    try {
      const message = decodeBody(bytes.subarray(BODY_AT, -CODE_SIZE));
      return { kind: 'opened', message, sentAtMs: bytes.readUIntBE(SENT_AT, 6) };
    } catch (error) {
      assert(error instanceof BodyInvalidError);
      return { kind: 'dropped', fault: 'body' };
    }
  }

  /** The code is checked before anything is believed or remembered. */
  #findFault(bytes: Buffer, nowMs: number): DatagramFault | undefined {
    if (bytes.length < DATAGRAM_OVERHEAD || bytes.length > DATAGRAM_SIZE_MAX) return 'size';
    if (bytes.readUInt16BE(0) !== MAGIC || bytes.readUInt8(FORMAT_AT) !== FORMAT) return 'format';
    const codeAt = bytes.length - CODE_SIZE;
    const [signed, code] = [bytes.subarray(0, codeAt), bytes.subarray(codeAt)];
    if (!this.#keys.some((key) => timingSafeEqual(codeOf(key, signed), code))) return 'code';
    const sender = bytes.subarray(SENDER_AT, SENDER_AT + SENDER_SIZE);
    if (sender.equals(this.#sender)) return 'echo';
    const sentAtMs = bytes.readUIntBE(SENT_AT, 6);
    if (Math.abs(nowMs - sentAtMs) > DATAGRAM_SKEW_MAX_MS) return 'time';
    const stamp = { sender: sender.toString('hex'), sequence: bytes.readUIntBE(SEQUENCE_AT, 6), sentAtMs };
    const outcome = this.#guard.take(stamp, nowMs);
    return outcome === 'fresh' ? undefined : outcome;
  }
}

function codeOf(key: Buffer, bytes: Buffer): Buffer {
  return createHmac('sha256', key).update(bytes).digest().subarray(0, CODE_SIZE);
}
