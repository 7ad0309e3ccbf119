import type { TorrentView } from '@panal/wire';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.js';
import { UsageError } from '../errors.js';
import { choosePeer, findLocalPeers, type LocalPeer } from '../peers/local-peers.js';
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
  const { terminal, interruption, installation } = context;
  const peers = await findLocalPeers(dataFolder(context, options), interruption.signal);
  const asked =
    options.peer === undefined ? peers : [choosePeer(peers, 'get', options.peer)].filter((peer) => peer !== undefined);
  const hits = (await Promise.all(asked.map((peer) => matching(peer, id, interruption.signal)))).flat();
  if (hits.length === 0) {
    throw new UsageError(
      `No peer here shares or fetches "${id}".`,
      `See what they have with \`${installation.command} status\`.`,
    );
  }
  const holders = new Set(hits.map(({ peer }) => peer.name));
  if (holders.size > 1) {
    throw new UsageError(
      `Peers ${[...holders].join(', ')} all have "${id}".`,
      'Say at which to stop it, with --peer NAME.',
    );
  }
  for (const { peer, view } of hits) {
    await peer.client.remove(view.id, interruption.signal);
    const kept = view.state === 'complete' ? ` The content stays at ${view.path}.` : '';
    terminal.line(
      `Peer ${peer.name} stopped ${view.kind === 'share' ? 'sharing' : 'fetching'} ${labelOf(view)}.${kept}`,
    );
  }
}

async function matching(
  peer: LocalPeer,
  id: string,
  signal: AbortSignal,
): Promise<{ peer: LocalPeer; view: TorrentView }[]> {
  const views = await peer.client.torrents(signal);
  return views.filter((view) => [view.id, view.hash, view.name].includes(id)).map((view) => ({ peer, view }));
}
