import { existsSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';

/** The part of a `package.json` that is looked at. */
export interface PackageFile {
  readonly name?: string;
  readonly version?: string;
  readonly type?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/**
 * Where Node would find `packageName` for a file in `from`: the real folder, links followed.
 * @returns Undefined when it would not.
 */
export function findPackage(packageName: string, from: string): string | undefined {
  for (let folder = from; ; folder = path.dirname(folder)) {
    const candidate = path.join(folder, 'node_modules', packageName);
    if (existsSync(path.join(candidate, 'package.json'))) return realpathSync(candidate);
    if (folder === path.dirname(folder)) return undefined;
  }
}

/** @throws SyntaxError when it is no JSON, and what the file system throws */
export function readPackageFile(folder: string): PackageFile {
  return JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as PackageFile;
}

/** The folder of the package that `from` belongs to. */
export function packageRootOf(from: string): string {
  for (let folder = from; ; folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, 'package.json'))) return realpathSync(folder);
    if (folder === path.dirname(folder)) throw new Error(`no package.json above ${from}`);
  }
}
