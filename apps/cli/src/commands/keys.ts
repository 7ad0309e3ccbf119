import path from 'node:path';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.js';
import { shellWord } from '../shell-word.js';
import { addDataOption, dataFolder } from './options.js';

interface KeysInitOptions {
  readonly data?: string;
  readonly keyFile?: string;
}

export function addKeysCommand(program: Command, context: CommandContext): void {
  const keys = program
    .command('keys')
    .summary('make the key of a cluster')
    .description('Makes the key that says who belongs to a cluster.');
  const init = keys
    .command('init')
    .summary('make a new cluster key')
    .description(
      'Makes a new cluster key, readable by this user only. Trackers and peers with the same key form one cluster:\n' +
        'copy the file to each machine, by a way you trust. A key that is there is never overwritten.',
    )
    .option('--key-file <file>', 'where to write it (default: cluster.key in the data folder)');
  addDataOption(init).action(async (options: KeysInitOptions) => runKeysInit(context, options));
}

async function runKeysInit(context: CommandContext, options: KeysInitOptions): Promise<void> {
  const { terminal, cwd, installation } = context;
  const file =
    options.keyFile === undefined
      ? path.join(dataFolder(context, options), 'cluster.key')
      : path.resolve(cwd, options.keyFile);
  // Loaded here: no other command pays for it.
  const { createKeyFile } = await import('../cluster-key-file.js');
  await createKeyFile(file);
  terminal.line(`Made a cluster key: ${file}`, 'Whoever has this file belongs to the cluster: keep it as a secret.');
  terminal.line('', 'Next:', `  ${installation.command} tracker --key-file ${shellWord(file)}`);
}
