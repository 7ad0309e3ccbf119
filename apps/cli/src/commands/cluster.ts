import path from 'node:path';
import {
  type ClusterSlotsReply,
  type DrainReply,
  type RepairReply,
  SLOT_LIST_MAX,
  TRACKER_PATTERNS,
} from '@panal/wire';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.js';
import { InterruptedError, UsageError } from '../errors.js';
import { EXIT_CODES } from '../exit-code.js';
import { LINE_INTERVAL_MS } from '../limits.js';
import { counted } from '../quantity.js';
import type { TrackerConsole } from '../trackers/tracker-console.js';
import { waitMs } from '../wait.js';
import { slotLines, statusLines } from './cluster-text.js';
import { addDataOption, dataFolder, wholeNumber } from './options.js';

interface ClusterOptions {
  readonly data?: string;
  readonly tracker?: readonly string[];
  readonly keyFile?: string;
  readonly cluster?: string;
  readonly json?: boolean;
  readonly from?: number;
  readonly count?: number;
}

const SLOTS_SHOWN = 16;
const SLOT_MAX = 16_384;

export function addClusterCommand(program: Command, context: CommandContext): void {
  const cluster = program
    .command('cluster')
    .summary('look after the trackers of a cluster')
    .description('Shows the trackers of a cluster and what each of them keeps, and gives them orders.');
  addOptions(
    cluster.command('status').summary('show the trackers and how well they are'),
    'one object: {"trackers": [...]}',
  )
    .description('Asks every tracker how it is: whether it is ready, which part of the records it keeps, what moves.')
    .action((options: ClusterOptions) => run(context, options, showStatus));
  addOptions(cluster.command('watch').summary('the same, once a second'), 'one object a line')
    .description('Shows the status once a second until Ctrl-C.')
    .action((options: ClusterOptions) => run(context, options, watch));
  addOptions(cluster.command('slots').summary('show who keeps which slot'), 'one object: {"slots": [...]}')
    .description(
      `Shows slots, each with its owners. There are ${SLOT_MAX}; the one behind the last is what every tracker keeps.`,
    )
    .option('--from <slot>', 'the first one to show', wholeNumber(0, SLOT_MAX), 0)
    .option('--count <n>', 'how many', wholeNumber(1, SLOT_LIST_MAX), SLOTS_SHOWN)
    .action((options: ClusterOptions) => run(context, options, showSlots));
  addOptions(cluster.command('drain').summary('let a tracker hand over all it keeps'), 'one object: {"name", "phase"}')
    .description(
      'Tells a tracker to hand over all it keeps and to own nothing from now on. Then it can be stopped for good.',
    )
    .argument('<name>', 'of the tracker, as the status shows it')
    .action((name: string, options: ClusterOptions) =>
      run(context, options, (given, trackers) => drain(name, given, trackers)),
    );
  addOptions(
    cluster.command('repair').summary('compare all copies now'),
    'one object: {"trackers": [{"name", "slotCount"}]}',
  )
    .description(
      'Lets every tracker compare all it keeps with the others now. They do so all the time; this is for the impatient.',
    )
    .action((options: ClusterOptions) => run(context, options, repair));
}

type Action = (context: CommandContext, trackers: TrackerConsole, options: ClusterOptions) => Promise<void>;

async function run(context: CommandContext, options: ClusterOptions, action: Action): Promise<void> {
  context.isJson = options.json === true;
  // Loaded here: no other command speaks with trackers, and none pays for it.
  const { TrackerConsole: Console } = await import('../trackers/tracker-console.js');
  const trackers = await Console.open({
    dataDir: dataFolder(context, options),
    trackers: options.tracker ?? [],
    keyFile: options.keyFile === undefined ? undefined : path.resolve(context.cwd, options.keyFile),
    cluster: options.cluster,
  });
  await action(context, trackers, options);
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

async function drain(
  name: string,
  { terminal, isJson, installation }: CommandContext,
  trackers: TrackerConsole,
): Promise<void> {
  const members = await trackers.members();
  const member = members.find((one) => one.name === name || one.id === name);
  if (member === undefined) {
    const known = members.map((one) => one.name).join(', ');
    throw new UsageError(`No tracker of the cluster is called "${name}".`, `There are ${known}.`);
  }
  const { phase } = await trackers.ask<DrainReply>(member.rpc, TRACKER_PATTERNS.clusterDrain, { fence: 0 });
  if (isJson) return terminal.json({ name: member.name, phase });
  terminal.line(
    `${member.name} hands over what it keeps.`,
    `It can be stopped once \`${installation.command} cluster status\` shows it no longer.`,
  );
}

async function repair({ terminal, isJson }: CommandContext, trackers: TrackerConsole): Promise<void> {
  const members = await trackers.members();
  const done = await Promise.all(
    members.map(async ({ name, rpc }) => {
      const { slotCount } = await trackers.ask<RepairReply>(rpc, TRACKER_PATTERNS.clusterRepair, { fence: 0 });
      return { name, slotCount };
    }),
  );
  if (isJson) return terminal.json({ trackers: done });
  terminal.line(...done.map(({ name, slotCount }) => `${name} compares ${counted(slotCount, 'slot')}.`));
}

function addOptions(command: Command, json: string): Command {
  command.optionsGroup('Which cluster (default: that of `panal up` on the data folder):');
  addDataOption(command)
    .option(
      '--tracker <host:port>',
      'one of its trackers; several allowed',
      (value: string, earlier: readonly string[] | undefined) => [...(earlier ?? []), value],
    )
    .option('--key-file <file>', 'the key of the cluster (default: cluster.key in the data folder)')
    .option('--cluster <name>', 'its name (default: panal)');
  command.optionsGroup('Options:');
  return command.option('--json', json);
}
