import { type KeyObject, sign } from 'node:crypto';
import type { Random } from '@panal/runtime';
import { CURVE_KEY_SIZE, privateKeyOf, publicBytesOf } from './curve-keys.js';
import { Unprintable } from './secrecy.js';

/** The cluster's Ed25519 key: trackers sign tickets with it. Peers need its public half alone. */
export class SigningKey extends Unprintable {
  readonly #seed: Buffer;
  readonly #key: KeyObject;
  /** 32 bytes, no secret. */
  readonly publicKey: Buffer;

  /** @param seed 32 random bytes; copied. */
  constructor(seed: Uint8Array) {
    super();
    this.#seed = Buffer.from(seed);
    this.#key = privateKeyOf('ed25519', this.#seed);
    this.publicKey = publicBytesOf('ed25519', this.#key);
  }

  /** The 32 bytes themselves, for the key file. */
  get seed(): Buffer {
    return this.#seed;
  }

  /** 64 bytes. */
  sign(bytes: Buffer): Buffer {
    return sign(null, bytes, this.#key);
  }

  protected override get shown(): string {
    return '[signing key]';
  }
}

/** A new key. @param random The machine's own generator, save in tests. */
export function makeSigningKey(random: Random): SigningKey {
  return new SigningKey(random.bytes(CURVE_KEY_SIZE));
}
