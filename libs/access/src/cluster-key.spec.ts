import { format, inspect } from 'node:util';
import { SeededRandom } from '@panal/runtime';
import { ClusterKey, formatClusterKey, makeClusterKey, parseClusterKey } from './cluster-key.js';
import { ClusterKeyError } from './errors.js';

const key = makeClusterKey(new SeededRandom(5));
const text = formatClusterKey(key);

describe('ClusterKey', () => {
  it('is read back from its text, with or without a newline', () => {
    expect(text).toMatch(/^panal-cluster-key:1:[\w-]{43}$/);
    for (const written of [text, `${text}\n`, `${text}\r\n`, `  ${text} \n\n`]) {
      expect(parseClusterKey(written).secret).toEqual(key.secret);
    }
  });

  it.each([
    ['', 'empty'],
    ['\n', 'empty'],
    ['secret', 'begin'],
    ['panal-cluster-key:', 'format'],
    [text.replace(':1:', ':2:'), 'format'],
    [text.slice(0, -1), 'bytes'],
    [`${text}AAAA`, 'bytes'],
    ['panal-cluster-key:1:', '0 bytes'],
    [`${text}=`, 'character'],
    [`${text}:x`, 'character'],
    [`${text}\n${text}`, 'character'],
    [text.replace(/.$/, (last) => String.fromCharCode(last.charCodeAt(0) + 1)), 'last letter'],
  ])('refuses %j and says why, without the text', (written, reason) => {
    const error = thrownBy(() => parseClusterKey(written)) as ClusterKeyError;
    expect(error).toBeInstanceOf(ClusterKeyError);
    expect(error.message).toContain(reason);
    expect(`${error.message} ${error.action}`).not.toContain(text.slice(20, 40));
  });

  it('shows itself in no way a log or an error would print it', () => {
    const shown = [
      `${key as unknown as string}`,
      JSON.stringify({ key }),
      inspect(key),
      inspect({ deep: { key } }, { showHidden: true, getters: true }),
      inspect(key, { customInspect: false, showHidden: true }),
      format('%s %o %O %j', key, key, key, key),
      Object.keys(key).join(),
    ];
    for (const output of shown) {
      expect(output).not.toContain(text.slice(20));
      expect(output).not.toContain(key.secret.toString('hex').slice(0, 12));
      expect(output).not.toContain(key.secret.toString('hex', 0, 4).replace(/(..)/g, '$1 ').trim());
    }
    expect(shown[0]).toBe('[cluster key]');
    expect(shown[1]).toBe('{"key":"[cluster key]"}');
    expect(shown[2]).toBe('[cluster key]');
  });

  it('has a fingerprint that tells keys apart and holds none of the key', () => {
    expect(key.fingerprint).toMatch(/^[0-9a-f]{8}$/);
    expect(parseClusterKey(text).fingerprint).toBe(key.fingerprint);
    expect(makeClusterKey(new SeededRandom(6)).fingerprint).not.toBe(key.fingerprint);
    expect(key.secret.toString('hex')).not.toContain(key.fingerprint);
  });

  it('copies the bytes it is made of', () => {
    const bytes = Buffer.alloc(32, 1);
    const copied = new ClusterKey(bytes);
    bytes.fill(2);
    expect(copied.secret).toEqual(Buffer.alloc(32, 1));
  });
});

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}
