import { BencodeDictionary, type BencodeValue } from './bencode-dictionary.js';
import { attributesOf, type ContentEntry, checkFileCount } from './content-entry.js';
import { MetainfoError, PathError, quote } from './errors.js';
import { asBytes, asDictionary, asNumber, asPath, asSize } from './info-fields.js';
import { PATH_DEPTH_MAX, SHA256_SIZE_BYTES } from './limits.js';
import { textOf } from './path-rules.js';

const WHERE = 'info["file tree"]';

export interface FileTree {
  readonly entries: readonly ContentEntry[];
  /** Branches with nothing in them. We do not write them; others may. */
  readonly emptyDirectories: readonly (readonly string[])[];
}

/**
 * Reads a v2 `file tree`, in its own order.
 * @throws MetainfoError @throws PathError
 * @see https://www.bittorrent.org/beps/bep_0052.html
 */
export function readFileTree(tree: BencodeDictionary): FileTree {
  const entries: ContentEntry[] = [];
  const emptyDirectories: (readonly string[])[] = [];
  const open = [{ path: [] as readonly string[], branch: tree, next: 0 }];
  for (let level = open.at(-1); level !== undefined; level = open.at(-1)) {
    const key = level.branch.keys[level.next];
    if (key === undefined) {
      open.pop();
      continue;
    }
    const path = [...level.path, nameOf(key, level.path)];
    const branch = asDictionary(level.branch.values[level.next], `${WHERE} at ${describe(path)}`);
    level.next += 1;
    if (branch.keys[0] === '') {
      entries.push(readEntry(path, branch));
      checkFileCount(entries.length, WHERE);
    } else if (branch.size === 0) emptyDirectories.push(path);
    else if (path.length === PATH_DEPTH_MAX)
      throw new PathError('too_deep', path, `it lies deeper than ${PATH_DEPTH_MAX} directories`);
    else open.push({ path, branch, next: 0 });
  }
  return { entries, emptyDirectories };
}

function nameOf(key: string, directory: readonly string[]): string {
  if (key === '') throw new PathError('file_and_directory', directory, 'it is a file without a name');
  const name = textOf(Buffer.from(key, 'latin1'));
  if (name === undefined) {
    throw new MetainfoError(
      'not_utf8',
      `${WHERE} at ${describe(directory)}`,
      'has a name that is not valid UTF-8 text',
    );
  }
  return name;
}

function readEntry(path: readonly string[], branch: BencodeDictionary): ContentEntry {
  if (branch.size > 1) throw new PathError('file_and_directory', path, 'it is a file and also a directory');
  const where = `${WHERE} at ${describe(path)}`;
  const fields = asDictionary(branch.values[0], where);
  const attr = fields.get('attr');
  const { isExecutable, isPadding, isLink } = attributesOf(
    attr === undefined ? undefined : asBytes(attr, `${where}.attr`),
  );
  if (isPadding) throw new MetainfoError('unsupported', where, 'is padding, which v2 does not have');
  if (isLink) {
    const length = fields.get('length');
    if (length !== undefined && asNumber(length, `${where}.length`) !== 0) {
      throw new MetainfoError('contradiction', where, 'is a link and has a length');
    }
    const symlinkPath = asPath(fields.get('symlink path'), `${where}["symlink path"]`);
    return { path, sizeBytes: 0, isExecutable: false, isPadding, symlinkPath };
  }
  const sizeBytes = asSize(fields.get('length'), `${where}.length`);
  if (sizeBytes === 0) return { path, sizeBytes, isExecutable, isPadding };
  const piecesRoot = asBytes(fields.get('pieces root'), `${where}["pieces root"]`);
  if (piecesRoot.length !== SHA256_SIZE_BYTES) {
    throw new MetainfoError('wrong_length', `${where}["pieces root"]`, `has ${piecesRoot.length} bytes, not 32`);
  }
  return { path, sizeBytes, isExecutable, isPadding, piecesRoot };
}

/** The `file tree` of these entries, whose paths were checked: none is a directory of another. */
export function writeFileTree(entries: readonly ContentEntry[]): BencodeDictionary {
  interface Branch {
    readonly branches: Map<string, Branch | BencodeDictionary>;
  }
  const root: Branch = { branches: new Map() };
  for (const entry of entries) {
    let at = root;
    for (const name of entry.path.slice(0, -1)) {
      let next = at.branches.get(name);
      if (next === undefined) {
        next = { branches: new Map() };
        at.branches.set(name, next);
      }
      at = next as Branch;
    }
    at.branches.set(entry.path.at(-1) as string, BencodeDictionary.of([['', writeEntry(entry)]]));
  }
  const encode = (branch: Branch): BencodeDictionary =>
    BencodeDictionary.of(
      Array.from(branch.branches, ([name, value]): [string, BencodeValue] => [
        Buffer.from(name, 'utf8').toString('latin1'),
        value instanceof BencodeDictionary ? value : encode(value),
      ]),
    );
  return encode(root);
}

/** Field for field what libtorrent 2.0.8 writes: a link has no length, and the mode of every link is executable. */
function writeEntry({ sizeBytes, isExecutable, symlinkPath, piecesRoot }: ContentEntry): BencodeDictionary {
  if (symlinkPath !== undefined) {
    return BencodeDictionary.of([
      ['attr', Buffer.from('xl')],
      ['symlink path', symlinkPath.map((name) => Buffer.from(name, 'utf8'))],
    ]);
  }
  return BencodeDictionary.of([
    ['attr', isExecutable ? Buffer.from('x') : undefined],
    ['length', sizeBytes],
    ['pieces root', piecesRoot],
  ]);
}

function describe(path: readonly string[]): string {
  return path.length === 0 ? 'its root' : quote(path.join('/'));
}
