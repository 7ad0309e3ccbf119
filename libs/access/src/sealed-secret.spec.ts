import { SeededRandom } from '@panal/runtime';
import { isSealedWith, openSecret, SEALED_OVERHEAD, sealSecret } from './sealed-secret.js';

const random = new SeededRandom(1);
const key = { secret: Buffer.alloc(32, 1), fingerprint: Buffer.alloc(4, 1) };
const other = { secret: Buffer.alloc(32, 2), fingerprint: Buffer.alloc(4, 2) };
const about = Buffer.from('key 1');
const text = Buffer.from('a secret of some length');
const sealed = sealSecret(text, key, about, random);

describe('a sealed secret', () => {
  it('opens with its key, among others, and holds nothing of the text', () => {
    expect(openSecret(sealed, [other, key], about)).toEqual(text);
    expect(sealed.includes(text.subarray(0, 4))).toBe(false);
    expect(sealed.length).toBe(text.length + SEALED_OVERHEAD);
    expect([isSealedWith(sealed, key.fingerprint), isSealedWith(sealed, other.fingerprint)]).toEqual([true, false]);
  });

  it('opens with no other key, for nothing else, and not when a bit of it was changed', () => {
    expect(openSecret(sealed, [other], about)).toBeUndefined();
    expect(openSecret(sealed, [{ ...other, fingerprint: key.fingerprint }], about)).toBeUndefined();
    expect(openSecret(sealed, [key], Buffer.from('key 2'))).toBeUndefined();
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(openSecret(changed, [key], about)).toBeUndefined();
    }
    expect(openSecret(sealed.subarray(0, 20), [key], about)).toBeUndefined();
  });

  it('is another each time', () => {
    expect(sealSecret(text, key, about, random)).not.toEqual(sealed);
  });
});
