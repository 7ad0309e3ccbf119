import fc from 'fast-check';
import { ContentTree } from './content-tree.js';
import { PathError } from './errors.js';
import { checkSymlinkLoops, readSymlink, writeSymlink } from './symlinks.js';

/** `a`, `d/a`, `d/e/f`, the links `to-d` and `d/l`, and the empty directory `void`. */
function exampleTree(): ContentTree {
  const tree = new ContentTree();
  for (const path of ['a', 'd/a', 'd/e/f']) tree.add(path.split('/'), 'file');
  for (const path of ['d/l', 'to-d']) tree.add(path.split('/'), 'link');
  tree.add(['void'], 'directory');
  return tree;
}

function read(path: string, target: string): string {
  try {
    return readSymlink(exampleTree(), { path: path.split('/'), target: target.split('/') }).join('/');
  } catch (error) {
    if (error instanceof PathError) return error.reason;
    throw error;
  }
}

describe('readSymlink', () => {
  it.each([
    ['to-d', 'd', 'd', 'a directory'],
    ['to-d', 'void', 'void', 'an empty directory'],
    ['to-d', './d/a', './d/a', 'its own text kept'],
    ['d/l', '../a', '../a', 'relative to its directory'],
    ['d/l', 'e/f', 'e/f', 'relative to its directory, nothing at the root'],
    ['d/l', 'd/e/f', 'e/f', 'from the root, as BEP 47 says'],
    ['d/l', 'a', '../a', 'from the root where both exist, as libtorrent reads it'],
    ['d/l', '../d/a', '../d/a', 'up and down again'],
    ['d/l', 'gone', 'gone', 'nothing at all'],
    ['d/l', 'to-d/a', 'to-d/a', 'nothing: from the root it would lie behind a link'],
    ['to-d', 'd/l', 'd/l', 'another link'],
    ['d/l', '../to-d', '../to-d', 'another link of a directory'],
  ])('takes %s -> %s as %s (%s)', (path, target, text) => {
    expect(read(path, target)).toBe(text);
  });

  it.each([
    ['to-d', '../x', 'link_outside'],
    ['d/l', '../../x', 'link_outside'],
    ['d/l', 'e/../../../etc/passwd', 'link_outside'],
    ['d/l', '/etc/passwd', 'link_outside'],
    ['d/l', '', 'link_outside'],
    ['d/l', '../to-d/a', 'link_through_link'],
    ['d/l', '../TO-D/a', 'link_through_link'],
    ['d/l', '../to-d/../x', 'link_through_link'],
    ['d/l', '../to-d/.', 'link_through_link'],
    ['to-d', 'd/l/x', 'link_through_link'],
    ['d/l', '.', 'link_loop'],
    ['d/l', '..', 'link_loop'],
    ['d/l', 'd', 'link_loop'],
    ['to-d', '.', 'link_loop'],
    ['d/l', 'x\\y', 'separator'],
    ['d/l', 'a\0', 'nul'],
    ['d/l', 'C:', 'drive'],
    ['d/l', Array(300).fill('..').join('/'), 'link_outside'],
  ])('refuses %s -> %j: %s', (path, target, reason) => {
    expect(read(path, target)).toBe(reason);
  });
});

describe('writeSymlink', () => {
  function write(path: string, target: string): string {
    return writeSymlink(exampleTree(), { path: path.split('/'), target: target.split('/') }).join('/');
  }

  it('writes the text of the link, as libtorrent does', () => {
    expect(write('d/l', '../a')).toBe('../a');
    expect(write('d/l', 'e/f')).toBe('e/f');
    expect(write('to-d', './d//e/')).toBe('./d/e');
  });

  it('writes the path from the root where the text would be read as another', () => {
    expect(write('d/l', 'a')).toBe('d/a');
  });

  it('refuses an absolute link', () => {
    expect(() => write('d/l', '/d/a')).toThrow(PathError);
  });

  it('is undone by readSymlink: the link leads where it led', () => {
    const name = fc.constantFrom('a', 'd', 'e', 'f', 'l', '..', '.', 'gone', 'void', 'to-d');
    const target = fc.array(name, { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.constantFrom('to-d', 'd/l', 'd/e/n'), target, (at, names) => {
        const tree = exampleTree();
        if (at === 'd/e/n') tree.add(['d', 'e', 'n'], 'link');
        const path = at.split('/');
        let written: readonly string[];
        try {
          written = writeSymlink(tree, { path, target: names });
        } catch (error) {
          if (error instanceof PathError) return;
          throw error;
        }
        expect(follow(path, readSymlink(tree, { path, target: written }))).toBe(follow(path, names));
      }),
      { numRuns: 500 },
    );
  });
});

/** Where a text leads, by its names alone. */
function follow(path: readonly string[], text: readonly string[]): string {
  const at = path.slice(0, -1);
  for (const name of text) {
    if (name === '..') at.pop();
    else if (name !== '.') at.push(name);
  }
  return at.join('/');
}

describe('checkSymlinkLoops', () => {
  const links = (texts: Readonly<Record<string, string>>) =>
    Object.entries(texts).map(([path, target]) => ({ path: path.split('/'), target: target.split('/') }));

  it.each([[{ a: 'a' }], [{ a: 'b', b: 'a' }], [{ x: 'a', a: 'd/b', 'd/b': '../c', c: 'a' }]])(
    'refuses %j',
    (texts) => {
      expect(() => checkSymlinkLoops(links(texts as unknown as Record<string, string>))).toThrow(
        /leads back to itself/,
      );
    },
  );

  it('accepts chains that end, however long', () => {
    const chain = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`l${index}`, `l${index + 1}`]));
    expect(() => checkSymlinkLoops(links(chain))).not.toThrow();
  });
});
