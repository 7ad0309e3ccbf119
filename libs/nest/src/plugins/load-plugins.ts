import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type PluginManifest } from '@panal/plugin-api';
import type { Timers } from '@panal/runtime';
import { checkManifest } from './manifest-check.js';
import { findPackage, type PackageFile, packageRootOf, readPackageFile } from './package-folder.js';
import { PluginInvalidError, PluginNotFoundError } from './plugin-errors.js';
import { PLUGIN_START_MS } from './plugin-limits.js';
import { nodeDoor, type PluginDoor } from './plugin-resolution.js';
import { HOST_PACKAGES, hostFoldersOf, refuseSecondCopies } from './second-copies.js';

/** A plugin as it lies on the disk, imported and checked for itself. */
export interface LoadedPlugin {
  readonly manifest: PluginManifest;
  readonly packageName: string;
  readonly version: string;
  /** Its real folder. */
  readonly folder: string;
}

export interface LoadPluginsOptions {
  /** Names of packages, in the order they are loaded in. */
  readonly packages: readonly string[];
  /** Where they were installed: the folder with their `node_modules`. */
  readonly folder: string;
  readonly timers: Timers;
  /** Default: Node's own. */
  readonly door?: PluginDoor;
}

/**
 * Imports plugins. Nothing of one runs before all of them were looked through.
 * @throws PluginNotFoundError, PluginInvalidError, PluginSecondCopyError
 */
export async function loadPlugins({
  packages,
  folder,
  timers,
  door = nodeDoor,
}: LoadPluginsOptions): Promise<readonly LoadedPlugin[]> {
  const hostRoot = packageRootOf(path.dirname(fileURLToPath(import.meta.url)));
  const hostFolders = hostFoldersOf(hostRoot);
  const found = packages.map((packageName) => {
    const each = locate(packageName, folder);
    refuseSecondCopies(packageName, each.folder, hostFolders);
    return each;
  });
  door.open({
    hostUrl: pathToFileURL(path.join(hostRoot, 'package.json')).href,
    pluginsUrl: pathToFileURL(path.join(folder, 'package.json')).href,
    pluginFolders: [folder, ...found.map((each) => each.folder)].flatMap(folderUrls),
    hostPackages: HOST_PACKAGES,
  });
  const loaded: LoadedPlugin[] = [];
  for (const { packageName, folder: own, file } of found) {
    const manifest = checkManifest(await importManifest(packageName, timers, door), packageName);
    loaded.push({ manifest, packageName, version: file.version ?? 'unknown', folder: own });
  }
  return loaded;
}

interface LocatedPackage {
  readonly packageName: string;
  readonly folder: string;
  readonly file: PackageFile;
}

function locate(packageName: string, folder: string): LocatedPackage {
  // Only in this folder, not in those above it: there could be anything.
  const isThere = existsSync(path.join(folder, 'node_modules', packageName, 'package.json'));
  const own = isThere ? findPackage(packageName, folder) : undefined;
  if (own === undefined) throw new PluginNotFoundError(packageName, folder);
  const file = readPackageFile(own);
  if (file.type === 'module') return { packageName, folder: own, file };
  throw new PluginInvalidError(packageName, 'it is no ES module: its package.json does not say "type": "module"');
}

/** As it is written, and as Node sees it where links lead elsewhere. */
function folderUrls(folder: string): readonly string[] {
  const real = existsSync(folder) ? realpathSync(folder) : folder;
  return [...new Set([folder, real])].map((each) => `${pathToFileURL(each).href}/`);
}

async function importManifest(packageName: string, timers: Timers, door: PluginDoor): Promise<unknown> {
  let cancel: (() => void) | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    cancel = timers.after(PLUGIN_START_MS, () =>
      reject(new PluginInvalidError(packageName, `importing it did not end within ${PLUGIN_START_MS} ms`)),
    );
  });
  try {
    const imported = (await Promise.race([door.enter(packageName), tooLong])) as { default?: unknown };
    return imported.default;
  } catch (cause) {
    if (cause instanceof PluginInvalidError) throw cause;
    throw new PluginInvalidError(packageName, `importing it failed: ${messageOf(cause)}`, { cause });
  } finally {
    cancel?.();
  }
}

function messageOf(error: unknown): string {
  const { message } = (error ?? {}) as { message?: unknown };
  return typeof message === 'string' ? (message.split('\n')[0] as string) : String(error);
}
