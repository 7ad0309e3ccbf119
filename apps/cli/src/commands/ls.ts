import type { CatalogEntry } from '@panal/wire';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.js';
import { openPeerSession } from '../peers/peer-session.js';
import { trackerTrouble } from '../progress/situation.js';
import { counted, formatBytes } from '../quantity.js';
import { tableLines } from '../table.js';
import { addPeerOptions, type PeerOptions, peerChoice } from './options.js';

interface LsOptions extends PeerOptions {
  readonly json?: boolean;
}

export function addLsCommand(program: Command, context: CommandContext): void {
  const ls = program
    .command('ls')
    .summary('list what the cluster has')
    .description('Lists what the trackers know: names, hashes, sizes, and how many peers have it whole or in part.')
    .option(
      '--json',
      'one object a line: {"hash","title","sizeBytes","seedCount","leechCount","requestCount","names"}',
    );
  addPeerOptions(ls).action(async (options: LsOptions) => {
    context.isJson = options.json === true;
    await runLs(context, options);
  });
}

async function runLs(context: CommandContext, options: LsOptions): Promise<void> {
  const { terminal, interruption, installation } = context;
  const session = await openPeerSession(installation, peerChoice(context, options), 'get', interruption.signal);
  try {
    const { torrents } = await session.client.catalog(interruption.signal);
    if (context.isJson) for (const entry of torrents) terminal.json(entry);
    else if (torrents.length > 0) terminal.line(...catalogLines(context, torrents));
    else {
      const trouble = trackerTrouble((await session.client.status(interruption.signal)).trackers);
      if (trouble !== undefined) terminal.warn(`${trouble}.`);
      else terminal.note(`Nobody shares anything yet. Begin with: ${installation.command} share PATH --name NAME`);
    }
  } finally {
    await session.close();
  }
}

function catalogLines({ terminal }: CommandContext, torrents: readonly CatalogEntry[]): string[] {
  const header = ['NAME', 'TITLE', 'SIZE', 'WHOLE', 'PART', 'HASH'];
  const rows = [...torrents]
    .sort((a, b) => sortKey(a).localeCompare(sortKey(b), 'en'))
    .map((entry) => [
      entry.names.length === 0 ? '-' : entry.names.join(', '),
      entry.title,
      formatBytes(entry.sizeBytes),
      String(entry.seedCount),
      String(entry.leechCount),
      entry.hash,
    ]);
  const [first = '', ...rest] = tableLines([header, ...rows], [2, 3, 4]);
  return [terminal.style('bold', first), ...rest, counted(torrents.length, 'torrent')];
}

function sortKey({ names, title }: CatalogEntry): string {
  return names[0] ?? `~${title}`;
}
