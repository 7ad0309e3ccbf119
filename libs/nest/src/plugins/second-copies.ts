import { findPackage, readPackageFile } from './package-folder.js';
import { PluginInvalidError, PluginSecondCopyError } from './plugin-errors.js';
import { PACKAGES_MAX } from './plugin-limits.js';

/** Packages of which a plugin uses the host's copy: what they remember (injection, validation rules) exists once. */
export const HOST_PACKAGES: readonly string[] = [
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/microservices',
  '@nestjs/platform-fastify',
  'class-transformer',
  'class-validator',
  'panal',
  'reflect-metadata',
  'rxjs',
];

/**
 * Looks through a plugin and everything it depends on for copies of the host's packages: by the paths Node would take.
 * @param folder The plugin's real folder.
 * @param hostFolders Real folders of the host's packages.
 * @throws PluginSecondCopyError, and PluginInvalidError for a tree that cannot be looked through
 */
export function refuseSecondCopies(plugin: string, folder: string, hostFolders: ReadonlyMap<string, string>): void {
  const seen = new Set([folder]);
  for (const each of seen) {
    for (const [name, hostFolder] of hostFolders) {
      const found = findPackage(name, each);
      if (found !== undefined && found !== hostFolder) {
        throw new PluginSecondCopyError(plugin, { name, folder: found, hostFolder });
      }
    }
    for (const dependency of dependenciesOf(plugin, each)) {
      const found = hostFolders.has(dependency) ? undefined : findPackage(dependency, each);
      if (found !== undefined) seen.add(found);
    }
    if (seen.size > PACKAGES_MAX) {
      throw new PluginInvalidError(
        plugin,
        `it depends on more than ${PACKAGES_MAX} packages, too many to look through`,
      );
    }
  }
}

function dependenciesOf(plugin: string, folder: string): readonly string[] {
  try {
    const { dependencies, optionalDependencies, peerDependencies } = readPackageFile(folder);
    return Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });
  } catch (cause) {
    throw new PluginInvalidError(plugin, `the package.json in ${folder} cannot be read`, { cause });
  }
}

/** Where the host finds its own packages. @param hostRoot The folder of the package `panal` itself. */
export function hostFoldersOf(hostRoot: string): ReadonlyMap<string, string> {
  const folders = new Map<string, string>();
  for (const name of HOST_PACKAGES) {
    const folder = name === 'panal' ? hostRoot : findPackage(name, hostRoot);
    if (folder !== undefined) folders.set(name, folder);
  }
  return folders;
}
