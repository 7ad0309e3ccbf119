import fc from 'fast-check';
import { PathError } from './errors.js';
import { PATH_DEPTH_MAX, PATH_SIZE_MAX } from './limits.js';
import { checkContentName, checkPath, comparePaths, foldName, textOf } from './path-rules.js';

function faultOf(check: () => void): string {
  try {
    check();
  } catch (error) {
    if (error instanceof PathError) return error.reason;
    throw error;
  }
  return 'accepted';
}

describe('checkPath', () => {
  it.each([
    ['a plain name', ['model.bin']],
    ['a hidden file', ['.gitignore']],
    ['three dots', ['...']],
    ['spaces and signs', [' a ', "it's #1 & 50% (new)", '-rf', '~']],
    ['any language', ['ñandú', '日本語', 'مرحبا', '\u{1f41d}']],
    ['a colon that names no drive', ['12:30', 'urn:x']],
    ['names that only begin like devices', ['console', 'auxiliary.txt', 'com10', 'nulled']],
    ['a name of 255 bytes', ['x'.repeat(255)]],
    ['a line break, which is legal and ugly', ['a\nb']],
  ])('accepts %s', (_, path) => {
    expect(faultOf(() => checkPath(path))).toBe('accepted');
  });

  it.each([
    [[], 'empty'],
    [[''], 'empty'],
    [['a', '', 'b'], 'empty'],
    [['.'], 'dot'],
    [['a', '.', 'b'], 'dot'],
    [['..'], 'dot_dot'],
    [['a', '..', '..', 'etc', 'passwd'], 'dot_dot'],
    [['/etc/passwd'], 'absolute'],
    [['a', '/b'], 'absolute'],
    [['a/../../b'], 'separator'],
    [['a\\..\\b'], 'separator'],
    [['\\\\server\\share'], 'separator'],
    [['a\0.txt'], 'nul'],
    [['C:'], 'drive'],
    [['c:evil'], 'drive'],
    [['CON'], 'device'],
    [['a', 'nul.txt'], 'device'],
    [['Com1'], 'device'],
    [['LPT9.tar.gz'], 'device'],
    [['aux .txt'], 'device'],
    [['COM\u00b9'], 'device'],
    [['\ud800'], 'not_unicode'],
    [['x'.repeat(256)], 'component_too_long'],
    [['\u00f1'.repeat(128)], 'component_too_long'],
    [Array.from({ length: PATH_DEPTH_MAX + 1 }, () => 'a'), 'too_deep'],
    [Array.from({ length: Math.ceil(PATH_SIZE_MAX / 200) + 1 }, () => 'x'.repeat(200)), 'too_long'],
  ])('refuses %j: %s', (path, reason) => {
    expect(faultOf(() => checkPath(path))).toBe(reason);
  });

  it('says which path, and prints nothing that a terminal obeys', () => {
    expect(() => checkPath(['\u001b[2J', '..', '\u202egnp.exe'])).toThrow(
      'The path "\\u001b[2J/../\\u202egnp.exe" cannot be shared or stored: it has the name ".." in it, which leaves the folder.',
    );
  });
});

describe('checkContentName', () => {
  it.each(['.panal', '.PANAL'])('keeps %s, where unfinished downloads lie, from being content', (name) => {
    expect(faultOf(() => checkContentName(name))).toBe('reserved');
  });
});

describe('comparePaths', () => {
  it('puts what is in a directory before names that go on from its name', () => {
    const paths = ['a!', 'a-b', 'a.txt', 'a/z', 'a', 'b', 'A'].map((path) => path.split('/'));
    expect(paths.sort(comparePaths).map((path) => path.join('/'))).toEqual([
      'A',
      'a',
      'a/z',
      'a!',
      'a-b',
      'a.txt',
      'b',
    ]);
  });

  it('orders names as their UTF-8 bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }), (a, b) => {
        const order = Buffer.compare(Buffer.from(a), Buffer.from(b));
        expect(Math.sign(comparePaths([a], [b]))).toBe(order);
      }),
    );
    expect(comparePaths(['\uffff'], ['\u{10000}'])).toBeLessThan(0);
  });
});

describe('foldName', () => {
  it.each([
    ['README', 'readme'],
    ['caf\u00e9', 'cafe\u0301'],
    ['\u00c9', 'e\u0301'],
    ['stra\u00dfe', 'STRASSE'],
    ['\u03c3', '\u03c2'],
    ['\u212a', 'k'],
  ])('makes %j and %j one name', (a, b) => {
    expect(foldName(a)).toBe(foldName(b));
  });

  it('keeps other names apart', () => {
    expect(foldName('e')).not.toBe(foldName('\u00e9'));
    expect(foldName('a')).not.toBe(foldName('a '));
  });
});

describe('textOf', () => {
  it('reads UTF-8, and keeps a byte order mark', () => {
    expect(textOf(Buffer.from('\ufeffñ'))).toBe('\ufeffñ');
  });

  it.each(['ff', 'c3', 'c0af', 'eda080', 'f5808080'])('knows that %s is no text', (hex) => {
    expect(textOf(Buffer.from(hex, 'hex'))).toBeUndefined();
  });
});
