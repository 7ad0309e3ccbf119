import type { Command } from 'commander';
import type { CommandContext } from '../command-context.js';
import { UsageError } from '../errors.js';
import { SERVER_COUNT_MAX } from '../limits.js';
import type { UpOptions } from '../up/up-options.js';
import { examples } from './help-text.js';
import { addDataOption, wholeNumber } from './options.js';

export function addUpCommand(program: Command, context: CommandContext): void {
  const up = program
    .command('up')
    .summary('run a whole cluster on this machine')
    .description(
      'Runs trackers and peers as child processes on 127.0.0.1 and stays until Ctrl-C (or `panal down`). ' +
        '`panal share` and `panal get` find its peers: the first one shares, the second one fetches.',
    )
    .option('--trackers <count>', 'how many trackers', wholeNumber(1, SERVER_COUNT_MAX), 3)
    .option('--peers <count>', 'how many peers', wholeNumber(1, SERVER_COUNT_MAX), 3)
    .option('--cluster <name>', 'name of the cluster', 'panal')
    .option(
      '--tracker-port <port>',
      'port of the first tracker (default: the next free one from 5555)',
      wholeNumber(1, 65_535),
    )
    .option(
      '--peer-port <port>',
      'port of the first peer (default: the next free one from 5550)',
      wholeNumber(1, 65_535),
    )
    .option('--demo', 'make a sample of 64 MiB, share it, fetch it on the other peers, compare')
    .option('--share <path>', 'the same with a file or directory of yours')
    .option('--once', 'stop when all that is done: 0 when it went well. Without --data nothing is left behind')
    .addHelpText(
      'after',
      () => `
Its data is in up/ below the data folder: cluster.key, keys/ (one for each peer),
cluster.json (who runs, where), logs/, and a folder for each server. A child that dies is reported and
started again. PANAL_PLUGINS and PANAL_PLUGIN_DIR are for all of its servers.
${examples(context.installation.shortCommand, [
  ['up'],
  ['up --demo'],
  ['up --once --share ./llm', 'try it with your own data, leave nothing behind'],
])}`,
    );
  addDataOption(up).action(async (options: UpOptions) => {
    if ((options.demo === true || options.share !== undefined) && options.peers < 2) {
      throw new UsageError('There is nobody to fetch what is shared.', 'Give --peers 2 or more.');
    }
    await (await import('../up/up-run.js')).runUp(context, options);
  });
}
