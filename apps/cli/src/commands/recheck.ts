import type { Command } from 'commander';
import type { CommandContext } from '../command-context.js';
import { findHeldTorrents } from '../peers/held-torrents.js';
import { labelOf } from '../progress/transfer-text.js';
import { addDataOption, dataFolder } from './options.js';

interface RecheckOptions {
  readonly data?: string;
  readonly peer?: string;
}

export function addRecheckCommand(program: Command, context: CommandContext): void {
  const recheck = program
    .command('recheck')
    .argument('<id>', 'id as `status` shows it, or a hash or name')
    .summary('read content again and mend it')
    .description(
      'Reads all of a content again. What is bad in something fetched is fetched anew; a share that changed ends.',
    )
    .option('--peer <name>', 'at this peer only');
  addDataOption(recheck).action(async (id: string, options: RecheckOptions) => runRecheck(context, id, options));
}

async function runRecheck(context: CommandContext, id: string, options: RecheckOptions): Promise<void> {
  const { terminal, interruption, installation } = context;
  const query = { id, dataFolder: dataFolder(context, options), deed: 'check it' };
  const hits = await findHeldTorrents(context, {
    ...query,
    ...(options.peer === undefined ? {} : { peer: options.peer }),
  });
  for (const { peer, view } of hits) {
    await peer.client.recheck(view.id, interruption.signal);
    terminal.line(
      `Peer ${peer.name} reads ${labelOf(view)} again. See \`${installation.command} status\` for the result.`,
    );
  }
}
