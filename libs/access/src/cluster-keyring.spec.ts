import { inspect } from 'node:util';
import { SeededRandom } from '@panal/runtime';
import { formatClusterKey, makeClusterKey } from './cluster-key.js';
import { keyringOf, makeClusterKeyring, parseClusterKeyring, rotateClusterKeyring } from './cluster-keyring.js';
import { ClusterKeyError, KeyRotationError } from './errors.js';
import { ClusterKeyCredentials } from './key-credentials.js';

const random = new SeededRandom(3);
const made = makeClusterKeyring(random);

describe('ClusterKeyring', () => {
  it('is read back from its text, blanks and line ends of editors included', () => {
    for (const text of [made.format(), `\n  ${made.format().replaceAll('\n', ' \r\n\n')}`]) {
      const read = parseClusterKeyring(text);
      expect(read.format()).toBe(made.format());
      expect(read.origin).toEqual(made.origin);
      expect(read.publicKeys).toEqual(made.publicKeys);
    }
  });

  it('is what the key file of earlier releases says by itself, and is written back as they read it', () => {
    const key = makeClusterKey(random);
    const ring = parseClusterKeyring(formatClusterKey(key));
    expect(ring.secrets).toEqual([key.secret]);
    expect(ring.origin.fingerprint).toBe(key.fingerprint);
    expect(ring.format()).toBe(`${formatClusterKey(key)}\n`);
    expect(ring.publicKeys).toEqual(keyringOf(key).publicKeys);
    expect(ring.signingKey.seed).not.toEqual(key.secret);
  });

  it.each([
    ['', 'empty'],
    [made.format().split('\n').slice(1).join('\n'), 'no cluster key'],
    [`${made.format()}${made.format()}`, 'more lines'],
    [made.format().replace(/signing-key:1:./, 'signing-key:1:'), 'cut'],
    [`${formatClusterKey(made.key)}\n${formatClusterKey(makeClusterKey(random))}`, 'panal keys rotate'],
    [`${made.format()}nonsense`, 'begin'],
  ])('refuses %# and says why, without the text', (text, reason) => {
    const refusal = (() => {
      try {
        return parseClusterKeyring(text);
      } catch (error) {
        return error;
      }
    })() as ClusterKeyError;
    expect(refusal).toBeInstanceOf(ClusterKeyError);
    expect(refusal.message).toContain(reason);
    expect(refusal.message).not.toContain(formatClusterKey(made.key).slice(22, 40));
  });

  it('shows none of its keys in any way a log or an error would print it', () => {
    const shown = [inspect(made, { depth: 9, showHidden: true }), JSON.stringify({ made }), String(made)].join();
    for (const secret of [made.key.secret, made.signingKey.seed, made.origin.digestSeed]) {
      expect(shown).not.toContain(secret.toString('base64url'));
      expect(shown).not.toContain(secret.toString('hex').slice(0, 8));
    }
    expect(inspect(made.signingKey)).toBe('[signing key]');
  });
});

describe('a rotation', () => {
  const accepting = rotateClusterKeyring(made, 'begin', random);
  const using = rotateClusterKeyring(accepting, 'use', random);
  const done = rotateClusterKeyring(using, 'finish', random);
  const states = [made, accepting, using, done];

  it('ends with other keys, and with the same origin, which data folders and digests hang on', () => {
    expect(done.key.fingerprint).not.toBe(made.key.fingerprint);
    expect(done.publicKeys).not.toEqual(made.publicKeys);
    for (const ring of states) expect(parseClusterKeyring(ring.format()).origin).toEqual(made.origin);
    expect(states.map(({ secrets }) => secrets.length)).toEqual([1, 2, 2, 1]);
  });

  it.each([
    [0, 1],
    [1, 2],
    [2, 3],
  ])('lets members one step apart understand each other: %j', (before, after) => {
    for (const [client, server] of [
      [before, after],
      [after, before],
    ] as const) {
      const dials = new ClusterKeyCredentials(states[client] as typeof made).begin();
      const admission = new ClusterKeyCredentials(states[server] as typeof made).admit(dials.credential);
      expect(dials.agree(admission.credential).secret).toEqual(admission.secret);
    }
  });

  it('ends the old key', () => {
    const old = new ClusterKeyCredentials(made).begin().credential;
    expect(() => new ClusterKeyCredentials(done).admit(old)).toThrow('key_mismatch');
  });

  it('of an old key file brings the signing key along that followed from it', () => {
    const ring = keyringOf(made.key);
    const begun = parseClusterKeyring(rotateClusterKeyring(ring, 'begin', random).format());
    expect(begun.publicKeys[0]).toEqual(ring.publicKeys[0]);
    expect(begun.origin).toEqual(ring.origin);
  });

  it('takes its steps in order', () => {
    expect(() => rotateClusterKeyring(accepting, 'begin', random)).toThrow(KeyRotationError);
    expect(() => rotateClusterKeyring(made, 'use', random)).toThrow(KeyRotationError);
    expect(() => rotateClusterKeyring(made, 'finish', random)).toThrow(KeyRotationError);
    // Before the new key is used, finishing gives it up.
    expect(rotateClusterKeyring(accepting, 'finish', random).secrets).toEqual(made.secrets);
  });
});
