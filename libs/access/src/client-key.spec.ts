import { format, inspect } from 'node:util';
import { SeededRandom } from '@panal/runtime';
import { formatClientKey, makeClientKey, parseClientKey } from './client-key.js';
import { ClientKeyError } from './errors.js';

const parts = { cluster: 'panal', name: 'ci-7', signingPublicKey: Buffer.alloc(32, 9) };
const key = makeClientKey(parts, new SeededRandom(1));
const text = formatClientKey(key);

describe('ClientKey', () => {
  it('is read back from its text', () => {
    const read = parseClientKey(` ${text}\r\n`);
    expect([read.cluster, read.name]).toEqual(['panal', 'ci-7']);
    expect([read.id, read.secret, read.signingPublicKey]).toEqual([key.id, key.secret, key.signingPublicKey]);
    expect(read.fingerprint).toEqual(key.fingerprint);
  });

  it.each([
    ['', 'begin'],
    [text.replace(':1:', ':2:'), 'format'],
    [text.replace('ci-7', 'c i'), 'character'],
    [`${text}:x`, 'character'],
    [text.slice(0, -2), 'bytes'],
    [`${text}\n${text}`, 'character'],
  ])('refuses %j and says why, without the text', (written, reason) => {
    expect(() => parseClientKey(written)).toThrow(ClientKeyError);
    expect(() => parseClientKey(written)).toThrow(reason);
  });

  it('shows its name and id, and never its secret', () => {
    const shown = [
      String(key),
      JSON.stringify({ key }),
      inspect(key, { showHidden: true }),
      format('%o %O %j', key, key, key),
    ];
    for (const output of shown) {
      expect(output).toContain('ci-7');
      expect(output).not.toContain(key.secret.toString('hex').slice(0, 8));
      expect(output).not.toContain(text.slice(-40));
    }
  });

  it('has another secret each time, under an id that may stay', () => {
    const renewed = makeClientKey({ ...parts, id: key.id }, new SeededRandom(2));
    expect(renewed.id).toEqual(key.id);
    expect(renewed.fingerprint).not.toEqual(key.fingerprint);
  });
});
