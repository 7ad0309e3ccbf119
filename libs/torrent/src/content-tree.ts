import { MetainfoError, PathError } from './errors.js';
import { DIRECTORY_COUNT_MAX } from './limits.js';
import { checkPath, foldName } from './path-rules.js';

/** What lies at a path. `link` is a symbolic link, which is never looked through. */
export type EntryKind = 'file' | 'directory' | 'link';

interface TreeEntry {
  readonly name: string;
  readonly kind: EntryKind;
  /** Of a directory, by folded name. */
  readonly children: Map<string, TreeEntry>;
}

const NO_CHILDREN: Map<string, TreeEntry> = new Map();

/**
 * Every path of a torrent, each checked as it is added: no two that would be one file on some file system, nothing that
 * is file and directory at once, nothing behind a link.
 */
export class ContentTree {
  readonly #root: TreeEntry = { name: '', kind: 'directory', children: new Map() };
  #directoryCount = 0;
  /** The directory of the last path added, since paths come sorted. */
  #lastPath: readonly string[] = [];
  #lastDirectory: TreeEntry = this.#root;

  /** @throws PathError @throws MetainfoError with `too_many_directories` */
  add(path: readonly string[], kind: EntryKind): void {
    checkPath(path);
    const directory = this.#directoryOf(path);
    const name = path[path.length - 1] as string;
    const folded = foldName(name);
    const existing = directory.children.get(folded);
    if (existing !== undefined) throw collision(path, name, existing, kind);
    if (kind === 'directory') this.#countDirectory();
    directory.children.set(folded, { name, kind, children: kind === 'directory' ? new Map() : NO_CHILDREN });
  }

  /** What lies at `path`; undefined for nothing. The empty path is the content's own directory. */
  kindAt(path: readonly string[]): EntryKind | undefined {
    return this.#find(path, (name, found) => name === found);
  }

  /** The same where case and Unicode normalization mean nothing. */
  foldedKindAt(path: readonly string[]): EntryKind | undefined {
    return this.#find(path, () => true);
  }

  #find(path: readonly string[], isSame: (name: string, found: string) => boolean): EntryKind | undefined {
    let entry = this.#root;
    for (const name of path) {
      const child = entry.children.get(foldName(name));
      if (child === undefined || !isSame(name, child.name)) return undefined;
      entry = child;
    }
    return entry.kind;
  }

  #directoryOf(path: readonly string[]): TreeEntry {
    const depth = path.length - 1;
    if (this.#isInLastDirectory(path)) return this.#lastDirectory;
    let entry = this.#root;
    for (let index = 0; index < depth; index += 1) entry = this.#childDirectory(entry, path, index);
    this.#lastPath = path;
    this.#lastDirectory = entry;
    return entry;
  }

  #isInLastDirectory(path: readonly string[]): boolean {
    const last = this.#lastPath;
    if (last.length !== path.length) return false;
    for (let index = 0; index < path.length - 1; index += 1) if (last[index] !== path[index]) return false;
    return true;
  }

  #childDirectory(parent: TreeEntry, path: readonly string[], index: number): TreeEntry {
    const name = path[index] as string;
    const folded = foldName(name);
    const existing = parent.children.get(folded);
    if (existing === undefined) {
      this.#countDirectory();
      const made: TreeEntry = { name, kind: 'directory', children: new Map() };
      parent.children.set(folded, made);
      return made;
    }
    if (existing.name !== name || existing.kind !== 'directory') throw collision(path, name, existing, 'directory');
    return existing;
  }

  #countDirectory(): void {
    this.#directoryCount += 1;
    if (this.#directoryCount > DIRECTORY_COUNT_MAX) {
      throw new MetainfoError('too_many_directories', 'info', `has more than ${DIRECTORY_COUNT_MAX} directories`);
    }
  }
}

function collision(path: readonly string[], name: string, existing: TreeEntry, kind: EntryKind): PathError {
  if (existing.name !== name) {
    const text = 'another name in the same directory differs only in case or in the form of its accents';
    return new PathError('case_collision', path, text);
  }
  if (existing.kind === kind || (existing.kind !== 'directory' && kind !== 'directory')) {
    return new PathError('duplicate', path, 'it occurs twice');
  }
  return new PathError('file_and_directory', path, 'it is a file or link and also a directory');
}
