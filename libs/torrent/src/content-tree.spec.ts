import { ContentTree, type EntryKind } from './content-tree.js';
import { MetainfoError, PathError } from './errors.js';
import { DIRECTORY_COUNT_MAX } from './limits.js';

/** Adds in order: `a/b` a file, `a/b@` a link, `a/b/` a directory. */
function faultOf(...paths: readonly string[]): string {
  const tree = new ContentTree();
  try {
    for (const path of paths) {
      const kind: EntryKind = path.endsWith('/') ? 'directory' : path.endsWith('@') ? 'link' : 'file';
      tree.add(path.replace(/[/@]$/, '').split('/'), kind);
    }
  } catch (error) {
    if (error instanceof PathError) return error.reason;
    throw error;
  }
  return 'accepted';
}

describe('ContentTree', () => {
  it.each([
    [['a', 'b', 'd/a', 'd/e/a', 'f/']],
    [['d/a', 'x', 'd/b']],
    [['d/a/', 'd/b/', 'd/c']],
    [['d/d/d/d', 'd/d/e']],
  ])('accepts %j', (paths) => {
    expect(faultOf(...paths)).toBe('accepted');
  });

  it.each([
    [['a', 'a'], 'duplicate'],
    [['d/a', 'd/b', 'd/a'], 'duplicate'],
    [['a', 'a@'], 'duplicate'],
    [['a/', 'a/'], 'duplicate'],
    [['d/x', 'd/'], 'duplicate'],
    [['README', 'readme'], 'case_collision'],
    [['D/a', 'd/b'], 'case_collision'],
    [['D/a', 'x', 'd/'], 'case_collision'],
    [['caf\u00e9', 'cafe\u0301'], 'case_collision'],
    [['a', 'a/b'], 'file_and_directory'],
    [['a/b', 'a'], 'file_and_directory'],
    [['a@', 'a/evil'], 'file_and_directory'],
    [['a', 'a/'], 'file_and_directory'],
    [['a/b/c', 'a/b'], 'file_and_directory'],
    [['ok', '../x'], 'dot_dot'],
  ])('refuses %j: %s', (paths, reason) => {
    expect(faultOf(...(paths as string[]))).toBe(reason);
  });

  it('finds what lies at a path, by its exact name or by one that case and accents allow', () => {
    const tree = new ContentTree();
    tree.add(['Dir', 'caf\u00e9'], 'link');
    expect(tree.kindAt([])).toBe('directory');
    expect(tree.kindAt(['Dir'])).toBe('directory');
    expect(tree.kindAt(['Dir', 'caf\u00e9'])).toBe('link');
    expect(tree.kindAt(['dir', 'caf\u00e9'])).toBeUndefined();
    expect(tree.foldedKindAt(['DIR', 'CAFE\u0301'])).toBe('link');
    expect(tree.foldedKindAt(['Dir', 'other'])).toBeUndefined();
    expect(tree.kindAt(['Dir', 'caf\u00e9', 'x'])).toBeUndefined();
  });

  it('refuses more directories than its limit, which few long paths can reach', () => {
    const tree = new ContentTree();
    const addAll = (): void => {
      for (let index = 0; index <= DIRECTORY_COUNT_MAX / 80; index += 1) {
        tree.add([`top${index}`, ...Array<string>(80).fill('d'), 'f'], 'file');
      }
    };
    expect(addAll).toThrow(MetainfoError);
  });
});
