import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';

// Node takes keys of these curves in DER only: a fixed head and the 32 bytes.
// @see RFC 8410

const HEADS = {
  ed25519: { private: '302e020100300506032b657004220420', public: '302a300506032b6570032100' },
  x25519: { private: '302e020100300506032b656e04220420', public: '302a300506032b656e032100' },
} as const;

export type Curve = keyof typeof HEADS;

/** Bytes of a private or public key of either curve. */
export const CURVE_KEY_SIZE = 32;

/** @param bytes 32 random bytes. */
export function privateKeyOf(curve: Curve, bytes: Uint8Array): KeyObject {
  const key = Buffer.concat([Buffer.from(HEADS[curve].private, 'hex'), bytes]);
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}

/** @param bytes 32 bytes, as `publicBytesOf` gives them. */
export function publicKeyOf(curve: Curve, bytes: Uint8Array): KeyObject {
  const key = Buffer.concat([Buffer.from(HEADS[curve].public, 'hex'), bytes]);
  return createPublicKey({ key, format: 'der', type: 'spki' });
}

export function publicBytesOf(curve: Curve, privateKey: KeyObject): Buffer {
  const der = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return Buffer.from(der.subarray(HEADS[curve].public.length / 2));
}
