import { isNamespace, isNodeName, isTorrentName } from './name-syntax.js';

describe('isTorrentName', () => {
  it.each(['llm:v3', 'a', '7', 'team/model@2024-01_x.y', 'A'.repeat(128), 'f'.repeat(39), 'g'.repeat(40)])(
    'takes %s',
    (name) => {
      expect(isTorrentName(name)).toBe(true);
    },
  );

  it.each(['', ' ', ':v3', '/etc', '-x', 'a b', 'año', 'a\n', 'a'.repeat(129), 'f'.repeat(40), 'A0'.repeat(32)])(
    'refuses %j',
    (name) => {
      expect(isTorrentName(name)).toBe(false);
    },
  );
});

describe('isNodeName and isNamespace', () => {
  it.each(['default', 'a', 'node-1.example', '0'.repeat(64)])('take %s', (name) => {
    expect([isNodeName(name), isNamespace(name)]).toEqual([true, true]);
  });

  it.each(['', '-a', '.', 'a:b', 'a/b', 'a\n', 'x'.repeat(65)])('refuse %j', (name) => {
    expect([isNodeName(name), isNamespace(name)]).toEqual([false, false]);
  });

  it('differ in upper case, which a namespace does not have', () => {
    expect([isNodeName('Alice'), isNamespace('Alice')]).toEqual([true, false]);
  });
});
