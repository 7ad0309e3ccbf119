import { hkdfSync } from 'node:crypto';
import type { Random } from '@panal/runtime';
import { type ClusterKey, formatClusterKey, makeClusterKey, parseClusterKey } from './cluster-key.js';
import { CURVE_KEY_SIZE } from './curve-keys.js';
import { ClusterKeyError, KeyRotationError } from './errors.js';
import { KEYS_AT_ONCE_MAX } from './limits.js';
import { Unprintable } from './secrecy.js';
import { makeSigningKey, SigningKey } from './signing-key.js';

const SIGNING_PREFIX = 'panal-signing-key:1:';
const ORIGIN_PREFIX = 'panal-cluster-origin:1:';
const DIGEST_SEED_SIZE = 8;
const FINGERPRINT_SIZE = 4;

/** What stays the same of a cluster when its keys are replaced. */
interface Origin {
  /** Of the first key the cluster had, in hex: data folders carry it. */
  readonly fingerprint: string;
  /** Of the digests that trackers compare; they must all use one, whichever key they dial with. 8 bytes, a secret. */
  readonly digestSeed: Buffer;
}

/** One or two; the first is used. */
type OneOrTwo<T> = readonly [T] | readonly [T, T];

/**
 * What is in the key file of a cluster: the key its members share and the key tickets are signed with, each perhaps beside
 * the one it replaces. The first of two is used to dial, seal and sign; both are accepted.
 */
export class ClusterKeyring extends Unprintable {
  constructor(
    readonly keys: OneOrTwo<ClusterKey>,
    readonly signingKeys: OneOrTwo<SigningKey>,
    readonly origin: Origin,
    /** The file says it; else all of it follows from the one key. */
    private readonly isExplicit: boolean,
  ) {
    super();
  }

  /** The one in use. */
  get key(): ClusterKey {
    return this.keys[0];
  }

  get signingKey(): SigningKey {
    return this.signingKeys[0];
  }

  /** All that are accepted, the one in use first. */
  get secrets(): readonly Buffer[] {
    return this.keys.map(({ secret }) => secret);
  }

  /** Public halves of all signing keys, the one in use first. */
  get publicKeys(): readonly Buffer[] {
    return this.signingKeys.map(({ publicKey }) => publicKey);
  }

  get isRotating(): boolean {
    return this.keys.length > 1;
  }

  /** The text of the key file, with a newline at its end. */
  format(): string {
    const keys = this.keys.map(formatClusterKey);
    if (!this.isExplicit) return `${keys.join('\n')}\n`;
    const signing = this.signingKeys.map(({ seed }) => `${SIGNING_PREFIX}${seed.toString('base64url')}`);
    const { fingerprint, digestSeed } = this.origin;
    const origin = Buffer.concat([Buffer.from(fingerprint, 'hex'), digestSeed]).toString('base64url');
    return `${[...keys, ...signing, `${ORIGIN_PREFIX}${origin}`].join('\n')}\n`;
  }

  protected override get shown(): string {
    return '[cluster keys]';
  }
}

/** A new cluster's keys. @param random The machine's own generator, save in tests. */
export function makeClusterKeyring(random: Random): ClusterKeyring {
  const key = makeClusterKey(random);
  return new ClusterKeyring([key], [makeSigningKey(random)], originOf(key), true);
}

/** The ring that one key is by itself, as releases before tickets wrote it: the signing key follows from it. */
export function keyringOf(key: ClusterKey): ClusterKeyring {
  return new ClusterKeyring([key], [derivedSigningKey(key)], originOf(key), false);
}

/**
 * Reads the text of a key file: a line for each key, in any order but for two of one kind, of which the first is used.
 * @throws ClusterKeyError; none of the text is in its message
 */
export function parseClusterKeyring(text: string): ClusterKeyring {
  const lines = text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]));
  const signing = lines.filter((line) => line.startsWith(SIGNING_PREFIX));
  const origins = lines.filter((line) => line.startsWith(ORIGIN_PREFIX));
  const keys = lines.filter((line) => !signing.includes(line) && !origins.includes(line)).map(parseClusterKey);
  const [first, second] = keys;
  if (first === undefined)
    throw new ClusterKeyError(lines.length === 0 ? 'the file is empty' : 'it has no cluster key');
  if (keys.length > KEYS_AT_ONCE_MAX || signing.length > KEYS_AT_ONCE_MAX || origins.length > 1) {
    throw new ClusterKeyError('it has more lines than a rotation needs');
  }
  const [origin] = origins;
  const [signs, signsToo] = signing.map((line) => new SigningKey(bytesOf(line, SIGNING_PREFIX, CURVE_KEY_SIZE)));
  if (second !== undefined && (origin === undefined || signs === undefined)) {
    throw new ClusterKeyError('it has two keys and not the lines that `panal keys rotate` writes beside them');
  }
  return new ClusterKeyring(
    second === undefined ? [first] : [first, second],
    signs === undefined ? [derivedSigningKey(first)] : signsToo === undefined ? [signs] : [signs, signsToo],
    origin === undefined ? originOf(first) : readOrigin(origin),
    origin !== undefined || signs !== undefined,
  );
}

/**
 * The three steps of replacing keys while the cluster runs, each to be brought to all members before the next: first all
 * accept the new key, then all use it, then the old one is accepted no longer. A member one step ahead or behind is understood.
 * @throws KeyRotationError when the step is not due
 */
export function rotateClusterKeyring(
  ring: ClusterKeyring,
  step: 'begin' | 'use' | 'finish',
  random: Random,
): ClusterKeyring {
  const [key, otherKey] = ring.keys;
  const [signing, otherSigning] = ring.signingKeys;
  if (step === 'begin') {
    if (ring.isRotating)
      throw new KeyRotationError('A rotation is under way already.', 'Go on with --use or --finish.');
    return new ClusterKeyring([key, makeClusterKey(random)], [signing, makeSigningKey(random)], ring.origin, true);
  }
  if (otherKey === undefined || otherSigning === undefined) {
    throw new KeyRotationError('No rotation is under way.', 'Begin one without --use and --finish.');
  }
  if (step === 'use') return new ClusterKeyring([otherKey, key], [otherSigning, signing], ring.origin, true);
  return new ClusterKeyring([key], [signing], ring.origin, true);
}

function originOf(key: ClusterKey): Origin {
  const seed = hkdfSync('sha256', key.secret, 'panal', 'panal record digests 1', DIGEST_SEED_SIZE);
  return { fingerprint: key.fingerprint, digestSeed: Buffer.from(seed) };
}

function readOrigin(line: string): Origin {
  const bytes = bytesOf(line, ORIGIN_PREFIX, FINGERPRINT_SIZE + DIGEST_SEED_SIZE);
  return {
    fingerprint: bytes.subarray(0, FINGERPRINT_SIZE).toString('hex'),
    digestSeed: bytes.subarray(FINGERPRINT_SIZE),
  };
}

function derivedSigningKey(key: ClusterKey): SigningKey {
  const seed = hkdfSync('sha256', key.secret, 'panal', 'panal ticket signing 1', CURVE_KEY_SIZE);
  return new SigningKey(Buffer.from(seed));
}

function bytesOf(line: string, prefix: string, size: number): Buffer {
  const encoded = line.slice(prefix.length);
  const bytes = Buffer.from(encoded, 'base64url');
  // Base64 has spare bits: refusing all but one spelling finds a mistyped last letter.
  if (bytes.length !== size || bytes.toString('base64url') !== encoded) {
    throw new ClusterKeyError('a line of it is cut or has a character no key has');
  }
  return bytes;
}
