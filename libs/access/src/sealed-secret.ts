import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import type { Random } from '@panal/runtime';
import { KEY_FINGERPRINT_SIZE } from '@panal/wire';
import { fingerprintOf } from './fingerprint.js';

// `format u8 | fingerprint of the key it is sealed with 4 | nonce 12 | code 16 | ciphertext`, AES-256-GCM. The key is derived from the
// long-lived one, so that nothing else is ever made with it. A nonce is random: 2^32 of them under one key are safe, and there
// are a few thousand.

const FORMAT = 1;
const NONCE_SIZE = 12;
const CODE_SIZE = 16;
const NONCE_AT = 1 + KEY_FINGERPRINT_SIZE;
const CODE_AT = NONCE_AT + NONCE_SIZE;
const TEXT_AT = CODE_AT + CODE_SIZE;
const CIPHER = 'aes-256-gcm';

/** What a sealed text adds to it. */
export const SEALED_OVERHEAD = TEXT_AT;

/** A key to seal with, and what tells it from others. */
export interface SealingKey {
  /** 32 bytes. */
  readonly secret: Buffer;
  /** KEY_FINGERPRINT_SIZE bytes. */
  readonly fingerprint: Buffer;
}

/** Of a cluster key, a client's key, or a bare secret of one. */
export function sealingKeyOf({ secret, fingerprint }: { secret: Buffer; fingerprint?: Buffer | string }): SealingKey {
  if (typeof fingerprint === 'string') return { secret, fingerprint: Buffer.from(fingerprint, 'hex') };
  return { secret, fingerprint: fingerprint ?? fingerprintOf('client key', secret) };
}

/** @param about What the text belongs to: sealed for one thing it opens for no other. */
export function sealSecret(text: Buffer, { secret, fingerprint }: SealingKey, about: Buffer, random: Random): Buffer {
  const nonce = random.bytes(NONCE_SIZE);
  const cipher = createCipheriv(CIPHER, cipherKeyOf(secret), nonce).setAAD(about);
  const sealed = Buffer.concat([cipher.update(text), cipher.final()]);
  return Buffer.concat([Buffer.from([FORMAT]), fingerprint, nonce, cipher.getAuthTag(), sealed]);
}

/** The text, or undefined when it was sealed with none of `keys`, for something else, or changed. */
export function openSecret(sealed: Buffer, keys: readonly SealingKey[], about: Buffer): Buffer | undefined {
  if (sealed.length < TEXT_AT || sealed[0] !== FORMAT) return undefined;
  const key = keys.find(({ fingerprint }) => isSealedWith(sealed, fingerprint));
  if (key === undefined) return undefined;
  const nonce = sealed.subarray(NONCE_AT, CODE_AT);
  const decipher = createDecipheriv(CIPHER, cipherKeyOf(key.secret), nonce).setAAD(about);
  try {
    decipher.setAuthTag(sealed.subarray(CODE_AT, TEXT_AT));
    return Buffer.concat([decipher.update(sealed.subarray(TEXT_AT)), decipher.final()]);
  } catch {
    return undefined;
  }
}

export function isSealedWith(sealed: Buffer, fingerprint: Buffer): boolean {
  return sealed.subarray(1, NONCE_AT).equals(fingerprint);
}

function cipherKeyOf(secret: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, 'panal', 'panal sealed secrets 1', 32));
}
