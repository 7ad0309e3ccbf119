import type { ContentTree } from './content-tree.js';
import { PathError } from './errors.js';
import { SYMLINK_DEPTH_MAX } from './limits.js';
import { checkPath } from './path-rules.js';

/*
 * BEP 47 says a `symlink path` is relative to the torrent's root; libtorrent writes the text of the link, which is
 * relative to the link's directory, and reads both: the root first, then the directory. So do we, and where its own text
 * would be read as something else we write the path from the root.
 */

/** Target of a link as `symlink path` of a torrent has it. `path` is where the link lies. */
export interface SymlinkPath {
  readonly path: readonly string[];
  readonly target: readonly string[];
}

/**
 * The link's text, as components relative to the link's directory.
 * @throws PathError when it leads out of the tree, or into it by way of another link.
 */
export function readSymlink(tree: ContentTree, link: SymlinkPath): readonly string[] {
  const { text, resolved } = interpret(tree, link);
  checkWay(tree, { path: link.path, target: text }, resolved);
  return text;
}

/**
 * What to write as `symlink path` for a link whose text is `target`; the inverse of `readSymlink`.
 * @throws PathError
 */
export function writeSymlink(tree: ContentTree, link: SymlinkPath): readonly string[] {
  if (link.target[0] === '') throw outside(link);
  const target = link.target.filter((name) => name !== '');
  const resolved = resolve(link, directoryOf(link.path), target);
  const read = interpret(tree, { path: link.path, target }).resolved;
  checkWay(tree, { path: link.path, target }, resolved);
  if (samePath(read, resolved)) return target;
  // Only below the root can the two readings differ, so there is a directory to go up from and down into again.
  return tree.kindAt(resolved) === undefined ? ['..', link.path.at(-2) as string, ...target] : resolved;
}

/**
 * Refuses links that lead to each other in a circle.
 * @param links Every link of the torrent, `target` relative to the link's directory.
 * @throws PathError
 */
export function checkSymlinkLoops(links: readonly SymlinkPath[]): void {
  const next = new Map<string, string>();
  for (const link of links) next.set(keyOf(link.path), keyOf(resolve(link, directoryOf(link.path), link.target)));
  const isDone = new Set<string>();
  for (const link of links) {
    const trail = new Set<string>();
    for (let at: string | undefined = keyOf(link.path); at !== undefined && !isDone.has(at); at = next.get(at)) {
      if (trail.has(at)) throw new PathError('link_loop', link.path, 'it is a link that leads back to itself');
      trail.add(at);
    }
    for (const key of trail) isDone.add(key);
  }
}

interface ReadSymlink {
  readonly text: readonly string[];
  /** Where it points, from the content's root. */
  readonly resolved: readonly string[];
}

function interpret(tree: ContentTree, link: SymlinkPath): ReadSymlink {
  const { path, target } = link;
  if (target.length === 0 || target.length > SYMLINK_DEPTH_MAX) {
    throw new PathError('link_outside', path, `it is a link whose target has ${target.length} components`);
  }
  const names = target.filter((name) => name !== '.' && name !== '..');
  if (names.includes('')) throw outside(link);
  if (names.length > 0) checkTargetNames(link, names);
  const directory = directoryOf(path);
  if (directory.length > 0 && names.length > 0 && !target.includes('..') && tree.kindAt(names) !== undefined) {
    return { text: relativePath(directory, names), resolved: names };
  }
  return { text: target, resolved: resolve(link, directory, target) };
}

function checkTargetNames(link: SymlinkPath, names: readonly string[]): void {
  try {
    checkPath(names);
  } catch (error) {
    if (!(error instanceof PathError)) throw error;
    throw new PathError(error.reason, link.path, `it is a link, and of its target ${error.message}`);
  }
}

function resolve(link: SymlinkPath, directory: readonly string[], target: readonly string[]): readonly string[] {
  const resolved = [...directory];
  for (const name of target) {
    if (name === '.' || name === '') continue;
    if (name !== '..') resolved.push(name);
    else if (resolved.pop() === undefined) throw outside(link);
  }
  return resolved;
}

/**
 * Walks the link's text name by name. Behind another link `..` would lead elsewhere than the text says, so that a link
 * that looks inside could lead outside.
 */
function checkWay(tree: ContentTree, { path, target }: SymlinkPath, resolved: readonly string[]): void {
  if (resolved.length < path.length && resolved.every((name, index) => name === path[index])) {
    throw new PathError('link_loop', path, 'it is a link to a directory that it lies in');
  }
  const at = [...directoryOf(path)];
  for (const name of target.slice(0, -1)) {
    if (name === '..') at.pop();
    else if (name !== '.') at.push(name);
    // Folded, since where case means nothing another spelling leads through the same link.
    if (tree.foldedKindAt(at) === 'link') {
      throw new PathError('link_through_link', path, 'it is a link whose target lies behind another link');
    }
  }
}

function relativePath(from: readonly string[], to: readonly string[]): readonly string[] {
  let shared = 0;
  while (shared < from.length && shared < to.length - 1 && from[shared] === to[shared]) shared += 1;
  return [...from.slice(shared).map(() => '..'), ...to.slice(shared)];
}

function directoryOf(path: readonly string[]): readonly string[] {
  return path.slice(0, -1);
}

function keyOf(path: readonly string[]): string {
  return path.join('/');
}

function samePath(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, index) => name === b[index]);
}

function outside({ path }: SymlinkPath): PathError {
  return new PathError('link_outside', path, 'it is a link that leads out of what is shared');
}
