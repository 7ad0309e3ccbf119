import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { CommandContext } from '../command-context.js';
import { FileError, UsageError } from '../errors.js';
import { shellWord } from '../shell-word.js';
import { pluginSkeleton } from './plugin-skeleton.js';

const NAME = /^[a-z][a-z0-9-]{0,31}$/;

/** Never writes into a directory that is there. */
export async function runNew({ terminal, cwd, installation }: CommandContext, name: string): Promise<void> {
  if (!NAME.test(name)) {
    throw new UsageError(
      `"${name}" cannot be the name of a plugin.`,
      'Use 1 to 32 lower-case letters, digits and "-", beginning with a letter.',
    );
  }
  const folder = path.join(cwd, `panal-plugin-${name}`);
  await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
    const isThere = error.code === 'EEXIST';
    throw new FileError(
      isThere ? `${folder} is there already.` : `${folder} cannot be made: ${error.message}.`,
      isThere ? 'Choose another name, or remove it.' : 'Stand in a directory that you may write to.',
      error,
    );
  });
  for (const [file, text] of pluginSkeleton(name, installation.version)) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
    await writeFile(path.join(folder, file), text);
  }
  terminal.line(
    `Made ${folder}`,
    '',
    'Next:',
    `  cd ${shellWord(path.basename(folder))}`,
    `  npm install --save-dev ../panal-${installation.version}.tgz`,
    '  npm test',
    '',
    'The tarball is what `npm pack` makes in a checkout of Panal. docs/plugins.md goes on from there.',
  );
}
