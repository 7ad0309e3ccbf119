import { lstat, readlink } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import { type EntryProblem, systemCodeOf } from './errors.js';

/**
 * What the link at `path` (names below `root`) says, in its shortest form and split at `/`; or why it cannot be shared.
 *
 * Its text decides, walked name by name: a link may point to a link, but not lead through one, because then `..` would
 * mean another folder than the text shows, and a link that looks inside could lead outside.
 */
export async function readLink(root: string, path: readonly string[]): Promise<readonly string[] | EntryProblem> {
  const bytes = await readlink(join(root, ...path), { encoding: 'buffer' });
  const text = bytes.toString('utf8');
  if (!Buffer.from(text, 'utf8').equals(bytes)) return 'name_not_utf8';
  // An absolute link would point into the sharer's tree on the sharer's machine and to nothing anywhere else.
  if (isAbsolute(text)) return 'link_leaves_tree';
  const target = path.slice(0, -1);
  const names = text.split(sep).filter((name) => name !== '' && name !== '.');
  for (const [index, name] of names.entries()) {
    if (name === '..') {
      if (target.pop() === undefined) return 'link_leaves_tree';
      continue;
    }
    target.push(name);
    const problem = index < names.length - 1 ? await stepProblem(join(root, ...target)) : undefined;
    if (problem !== undefined) return problem;
  }
  // A link to the root, or to a folder it lies in, makes a tree without end for everyone who walks it.
  if (target.every((name, index) => path[index] === name)) return 'link_to_parent';
  return relative(join(sep, ...path.slice(0, -1)), join(sep, ...target)).split(sep);
}

async function stepProblem(path: string): Promise<EntryProblem | undefined> {
  try {
    return (await lstat(path)).isSymbolicLink() ? 'link_through_link' : undefined;
  } catch (error) {
    // A link to nothing is the owner's business: it comes out as it went in.
    if (systemCodeOf(error) === 'ENOENT' || systemCodeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}
