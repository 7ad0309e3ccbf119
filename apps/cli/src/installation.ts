import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { shellWord } from './shell-word.js';

/** The servers that this package brings along. */
export type ServerRole = 'tracker' | 'peer';

/** Where this copy of Panal lives: a checkout with its launcher, or an installed package. */
export interface Installation {
  readonly version: string;
  /** What a user types here to run it, to be pasted: `panal`, or the path of the launcher in a checkout. */
  readonly command: string;
  /** The same for help, where a long path would only be in the way: `panal` or `./panal`. */
  readonly shortCommand: string;
  /** The built entry of a server. */
  serverEntry(role: ServerRole): string;
}

/** @param from A file inside the package, by default this one, in `apps/` or in `dist/apps/`. */
export function findInstallation(from: string = fileURLToPath(import.meta.url), cwd = process.cwd()): Installation {
  const root = packageRoot(path.dirname(from));
  const command = commandFor(root, cwd);
  return {
    version: versionIn(root),
    command,
    shortCommand: command.length > './panal'.length ? 'panal' : command,
    serverEntry: (role) => path.join(root, 'dist', 'apps', role, 'src', 'main.js'),
  };
}

function packageRoot(start: string): string {
  for (let dir = start; ; dir = path.dirname(dir)) {
    if (existsSync(path.join(dir, 'package.json'))) return dir;
    if (dir === path.dirname(dir)) throw new Error(`no package.json above ${start}`);
  }
}

function versionIn(root: string): string {
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version?: unknown };
  return typeof version === 'string' ? version : 'unknown';
}

/** The launcher is in a checkout only: the package on npm leaves it out. */
function commandFor(root: string, cwd: string): string {
  const launcher = path.join(root, 'panal');
  if (!existsSync(launcher)) return 'panal';
  return root === path.resolve(cwd) ? './panal' : shellWord(launcher);
}
