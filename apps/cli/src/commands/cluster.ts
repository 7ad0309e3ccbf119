import { type ClusterSlotsReply, SLOT_LIST_MAX, TRACKER_PATTERNS } from '@panal/wire';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.js';
import { InterruptedError } from '../errors.js';
import { EXIT_CODES } from '../exit-code.js';
import { LINE_INTERVAL_MS } from '../limits.js';
import type { TrackerConsole } from '../trackers/tracker-console.js';
import { waitMs } from '../wait.js';
import { addOrderCommands } from './cluster-orders.js';
import { addClusterOptions, type ClusterOptions, runOnCluster } from './cluster-run.js';
import { slotLines, statusLines } from './cluster-text.js';
import { wholeNumber } from './options.js';

const SLOTS_SHOWN = 16;
const SLOT_MAX = 16_384;

export function addClusterCommand(program: Command, context: CommandContext): void {
  const cluster = program
    .command('cluster')
    .summary('look after the trackers of a cluster')
    .description('Shows the trackers of a cluster and what each of them keeps, and gives them orders.');
  addClusterOptions(
    cluster.command('status').summary('show the trackers and how well they are'),
    'one object: {"trackers": [...]}',
  )
    .description('Asks every tracker how it is: whether it is ready, which part of the records it keeps, what moves.')
    .action((options: ClusterOptions) => runOnCluster(context, options, showStatus));
  addClusterOptions(cluster.command('watch').summary('the same, once a second'), 'one object a line')
    .description('Shows the status once a second until Ctrl-C.')
    .action((options: ClusterOptions) => runOnCluster(context, options, watch));
  addClusterOptions(cluster.command('slots').summary('show who keeps which slot'), 'one object: {"slots": [...]}')
    .description(
      `Shows slots, each with its owners. There are ${SLOT_MAX}; the one behind the last is what every tracker keeps.`,
    )
    .option('--from <slot>', 'the first one to show', wholeNumber(0, SLOT_MAX), 0)
    .option('--count <n>', 'how many', wholeNumber(1, SLOT_LIST_MAX), SLOTS_SHOWN)
    .action((options: ClusterOptions) => runOnCluster(context, options, showSlots));
  addOrderCommands(cluster, context);
}

async function showStatus({ terminal, isJson }: CommandContext, trackers: TrackerConsole): Promise<void> {
  const reports = await trackers.reports();
  if (!isJson) return terminal.line(...statusLines(terminal, reports));
  terminal.json({
    trackers: reports.map(({ member, status, failure }) => ({
      ...member,
      status: status ?? null,
      failure: failure?.message ?? null,
    })),
  });
}

async function watch(context: CommandContext, trackers: TrackerConsole): Promise<void> {
  const { terminal, interruption } = context;
  try {
    for (;;) {
      if (!context.isJson) terminal.clearScreen();
      await showStatus(context, trackers);
      await waitMs(LINE_INTERVAL_MS, interruption.signal);
    }
  } catch (error) {
    // Ctrl-C is how a watch ends.
    if (!(error instanceof InterruptedError)) throw error;
    context.exitCode = EXIT_CODES.ok;
  }
}

async function showSlots(
  { terminal, isJson }: CommandContext,
  trackers: TrackerConsole,
  { from = 0, count = SLOTS_SHOWN }: ClusterOptions,
): Promise<void> {
  const [member] = await trackers.members();
  if (member === undefined) return;
  const request = { from, countMax: count };
  const reply = await trackers.ask<ClusterSlotsReply>(member.rpc, TRACKER_PATTERNS.clusterSlots, request);
  if (isJson) terminal.json({ tracker: member.name, ...reply });
  else terminal.line(...slotLines(reply.slots), '', `As ${member.name} sees it.`);
}
