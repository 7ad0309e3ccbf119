import { type Command, Option } from 'commander';
import type { CommandContext } from '../command-context.js';
import { examples } from './help-text.js';
import { chunkSize } from './options.js';
import type { CreateOptions, ShowOptions } from './torrent-options.js';

/** Torrent files, without a peer or a network. The work is in `torrent-work.ts`, loaded only when it is asked for. */
export function addTorrentCommand(program: Command, context: CommandContext): void {
  const torrent = program
    .command('torrent')
    .summary('show, create or verify a torrent file, offline')
    .description('Works with torrent files on this machine; needs no peer and no network.');
  torrent
    .command('show')
    .argument('<file>', 'a .torrent file')
    .summary('what a torrent file describes')
    .description('Shows what a torrent file describes, after checking all of it.')
    .option('--files', 'every file, also when there are many')
    .option(
      '--json',
      'one object: {"name","format","id","infoHashV1","infoHashV2","sizeBytes","chunkSizeBytes","chunkCount","magnet","files"}',
    )
    .action(async (file: string, options: ShowOptions) => {
      context.isJson = options.json === true;
      await (await import('./torrent-show.js')).runShow(context, file, options);
    });
  torrent
    .command('create')
    .argument('<path>', 'file or directory')
    .summary('make a torrent file')
    .description(
      'Reads and hashes a file or directory and writes its torrent file. The same content gives the same file.',
    )
    .option('--output <file>', 'where to write it (default: NAME.torrent in this directory)')
    .addOption(
      new Option('--format <format>', 'hybrid and v1 are for other clients')
        .choices(['v2', 'hybrid', 'v1'])
        .default('v2'),
    )
    .option('--chunk-size <size>', 'power of two from 16KiB to 16MiB (default: by size, from 256KiB)', chunkSize)
    .option('--force', 'replace the output if it exists')
    .option('--json', 'one object, as of `torrent show --json`, with "file"')
    .addHelpText('after', () =>
      examples(context.installation.shortCommand, [['torrent create ./llm --output llm.torrent']]),
    )
    .action(async (path: string, options: CreateOptions) => {
      context.isJson = options.json === true;
      await (await import('./torrent-create.js')).runCreate(context, path, options);
    });
  torrent
    .command('verify')
    .argument('<file>', 'a .torrent file')
    .argument('<path>', 'the content: the file or directory itself')
    .summary('check content against a torrent file')
    .description('Reads content and compares every chunk with a torrent file. Ends with 1 when anything is wrong.')
    .option('--json', 'one object: {"isGood","chunkCount","goodChunkCount","files":[{"path","state","badChunkCount"}]}')
    .action(async (file: string, path: string, options: { readonly json?: boolean }) => {
      context.isJson = options.json === true;
      await (await import('./torrent-verify.js')).runVerify(context, { file, contentPath: path });
    });
}
