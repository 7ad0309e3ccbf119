import type { PeerStatus, TorrentView } from '@panal/wire';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.js';
import { InterruptedError, PeerUnreachableError } from '../errors.js';
import { EXIT_CODES } from '../exit-code.js';
import { LINE_INTERVAL_MS } from '../limits.js';
import { choosePeer, findLocalPeers, type LocalPeer } from '../peers/local-peers.js';
import { situationOf, trackerTrouble } from '../progress/situation.js';
import { labelOf, progressFacts } from '../progress/transfer-text.js';
import { formatBytes, formatDuration, formatRate } from '../quantity.js';
import { tableLines } from '../table.js';
import { waitMs } from '../wait.js';
import { addDataOption, dataFolder } from './options.js';

interface StatusOptions {
  readonly data?: string;
  readonly peer?: string;
  readonly watch?: boolean;
  readonly json?: boolean;
}

interface PeerReport {
  readonly peer: PeerStatus;
  readonly torrents: readonly TorrentView[];
}

export function addStatusCommand(program: Command, context: CommandContext): void {
  const status = program
    .command('status')
    .summary('show what the peers of this machine do')
    .description('Shows the peers that run here, their trackers, and what they share and fetch.')
    .option('--watch', 'go on, once a second, until Ctrl-C')
    .option(
      '--json',
      'one object a line for each peer: {"peer": PeerStatus, "torrents": [TorrentView]}, as its REST interface has them',
    )
    .option('--peer <name>', 'this one only');
  addDataOption(status).action(async (options: StatusOptions) => {
    context.isJson = options.json === true;
    await runStatus(context, options);
  });
}

async function runStatus(context: CommandContext, options: StatusOptions): Promise<void> {
  const { signal } = context.interruption;
  try {
    do {
      const reports = await Promise.all((await selectedPeers(context, options)).map((peer) => reportOf(peer, signal)));
      show(context, reports, options.watch === true);
      if (options.watch === true) await waitMs(LINE_INTERVAL_MS, signal);
    } while (options.watch === true);
  } catch (error) {
    // Ctrl-C is how a watch ends.
    if (!(options.watch === true && error instanceof InterruptedError)) throw error;
    context.exitCode = EXIT_CODES.ok;
  }
}

async function selectedPeers(context: CommandContext, options: StatusOptions): Promise<readonly LocalPeer[]> {
  const peers = await findLocalPeers(dataFolder(context, options), context.interruption.signal);
  if (options.peer !== undefined) return [choosePeer(peers, 'get', options.peer)].filter((peer) => peer !== undefined);
  if (peers.length > 0) return peers;
  const { command } = context.installation;
  throw new PeerUnreachableError(
    `No peer runs from ${dataFolder(context, options)}.`,
    `Start one with \`${command} peer\`, or a whole cluster with \`${command} up\`; name another data folder with --data.`,
  );
}

async function reportOf({ client }: LocalPeer, signal: AbortSignal): Promise<PeerReport> {
  const [peer, torrents] = await Promise.all([client.status(signal), client.torrents(signal)]);
  return { peer, torrents };
}

function show({ terminal, isJson }: CommandContext, reports: readonly PeerReport[], isWatch: boolean): void {
  if (isJson) {
    for (const report of reports) terminal.json(report);
    return;
  }
  if (isWatch) terminal.clearScreen();
  for (const [at, { peer, torrents }] of reports.entries()) {
    if (at > 0) terminal.line();
    const facts = [
      `cluster ${peer.cluster}`,
      `up ${formatDuration(peer.uptimeMs)}`,
      `serves at ${peer.dataAddress}`,
      `down ${formatRate(peer.downRate)}`,
      `up ${formatRate(peer.upRate)}`,
      `${formatBytes(peer.rssBytes)} of memory`,
    ];
    terminal.line(`${terminal.style('bold', peer.name)}  ${facts.join(', ')}`, `  ${trackersText(peer)}`);
    if (torrents.length === 0) terminal.line('  nothing shared or fetched yet');
    else terminal.line(...torrentLines(peer, torrents).map((line) => `  ${line}`));
  }
}

function trackersText(peer: PeerStatus): string {
  const trouble = trackerTrouble(peer.trackers);
  if (trouble !== undefined) return trouble;
  return `trackers ${peer.trackers.map(({ address, state }) => (state === 'connected' ? address : `${address} (${state})`)).join(', ')}`;
}

function torrentLines(peer: PeerStatus, torrents: readonly TorrentView[]): string[] {
  return tableLines(torrents.map((view) => [view.id, view.kind, view.state, labelOf(view), torrentFacts(peer, view)]));
}

function torrentFacts(peer: PeerStatus, view: TorrentView): string {
  if (view.state === 'failed') return `${view.reason?.message ?? 'failed'} ${view.reason?.action ?? ''}`.trim();
  if (view.state !== 'complete') return progressFacts(view, situationOf(view, peer)).join('  ');
  const given = view.uploadedBytes > 0 ? `, gave ${formatBytes(view.uploadedBytes)}` : '';
  return `${formatBytes(view.sizeBytes)}${given}  ${view.path}`;
}
