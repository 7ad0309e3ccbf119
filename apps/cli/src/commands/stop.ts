import type { Command } from 'commander';
import type { CommandContext } from '../command-context.js';
import { findHeldTorrents } from '../peers/held-torrents.js';
import { labelOf } from '../progress/transfer-text.js';
import { addDataOption, dataFolder } from './options.js';

interface StopOptions {
  readonly data?: string;
  readonly peer?: string;
}

export function addStopCommand(program: Command, context: CommandContext): void {
  const stop = program
    .command('stop')
    .argument('<id>', 'id as `status` shows it, or a hash or name')
    .summary('stop sharing or fetching something')
    .description(
      'Stops sharing or fetching something. Whole content stays where it is; the parts of an unfinished fetch go.',
    )
    .option('--peer <name>', 'at this peer only');
  addDataOption(stop).action(async (id: string, options: StopOptions) => runStop(context, id, options));
}

async function runStop(context: CommandContext, id: string, options: StopOptions): Promise<void> {
  const { terminal, interruption } = context;
  const query = { id, dataFolder: dataFolder(context, options), deed: 'stop it' };
  const hits = await findHeldTorrents(context, {
    ...query,
    ...(options.peer === undefined ? {} : { peer: options.peer }),
  });
  for (const { peer, view } of hits) {
    await peer.client.remove(view.id, interruption.signal);
    const kept = view.state === 'complete' ? ` The content stays at ${view.path}.` : '';
    terminal.line(
      `Peer ${peer.name} stopped ${view.kind === 'share' ? 'sharing' : 'fetching'} ${labelOf(view)}.${kept}`,
    );
  }
}
