import {
  type CordonReply,
  type DrainReply,
  type RepairReply,
  type SnapshotReply,
  TRACKER_PATTERNS,
  type TrackerMember,
} from '@panal/wire';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.js';
import { SNAPSHOT_TIMEOUT_MS } from '../limits.js';
import { counted, formatBytes } from '../quantity.js';
import type { TrackerConsole } from '../trackers/tracker-console.js';
import { addClusterOptions, type ClusterOptions, runOnCluster } from './cluster-run.js';
import { examples } from './help-text.js';
import { wholeNumber } from './options.js';

/** A person's order: never refused for one that came before. */
const NO_FENCE = 0;

interface NamedOrder {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly json: string;
  readonly give: (member: TrackerMember, order: OrderContext) => Promise<void>;
}

interface OrderContext extends CommandContext {
  readonly trackers: TrackerConsole;
  readonly options: ClusterOptions;
}

const ORDERS: readonly NamedOrder[] = [
  {
    name: 'cordon',
    summary: 'let no record depend on a tracker',
    description:
      'Lets the other trackers have three copies of everything without this one, which keeps and serves what it has, coordinates nothing and stands in last. Once the status shows the others ready and in sync, it can be stopped and started again, and no copy is missed. Its own restart does not end it.',
    json: 'one object: {"name", "isCordoned"}',
    give: cordon,
  },
  {
    name: 'uncordon',
    summary: 'let records depend on it again',
    description: 'Ends a cordon. What was copied to others for its sake goes by itself.',
    json: 'one object: {"name", "isCordoned"}',
    give: uncordon,
  },
  {
    name: 'drain',
    summary: 'let a tracker hand over all it keeps',
    description:
      'Tells a tracker to hand over all it keeps and to own nothing from now on. Then it can be stopped for good.',
    json: 'one object: {"name", "phase"}',
    give: drain,
  },
  {
    name: 'snapshot',
    summary: 'let a tracker copy what it keeps into a folder',
    description:
      'Copies all that a tracker keeps, as of now, into a folder below its data folder, while it goes on serving. A tracker started on a copy of that folder (--data) is this one as it was then. Keys are not in it.',
    json: 'one object: {"tracker", "name", "folder", "sizeBytes"}',
    give: snapshot,
  },
];

/** Commands that change something. */
export function addOrderCommands(cluster: Command, context: CommandContext): void {
  for (const order of ORDERS) addNamedOrder(cluster, context, order);
  addOrderOptions(
    cluster.command('repair').summary('compare all copies now'),
    'one object: {"trackers": [{"name", "slotCount"}]}',
  )
    .description(
      'Lets every tracker compare all it keeps with the others now. They do so all the time; this is for the impatient.',
    )
    .action((options: ClusterOptions) => runOnCluster(context, options, repair));
}

function addNamedOrder(cluster: Command, context: CommandContext, order: NamedOrder): void {
  const command = cluster
    .command(order.name)
    .summary(order.summary)
    .description(order.description)
    .argument('<name>', 'of the tracker, as the status shows it');
  addOrderOptions(command, order.json);
  if (order.name === 'snapshot') {
    command.option('--as <snapshot>', 'what to call it (default: the time, such as 20260131T235959Z)');
    command.addHelpText('after', () =>
      examples(context.installation.command, [
        ['cluster snapshot t1', 'into snapshots/TIME of its data folder'],
        ['cluster snapshot t1 --as before-upgrade --json'],
      ]),
    );
  }
  command.action((name: string, options: ClusterOptions) =>
    runOnCluster(context, options, async (given, trackers) => {
      await order.give(await trackers.member(name), { ...given, trackers, options });
    }),
  );
}

function addOrderOptions(command: Command, json: string): Command {
  return addClusterOptions(command, json).option(
    '--fence <n>',
    'fencing token of a program: refused when a tracker was shown a higher one (default: none, a person orders)',
    wholeNumber(0, Number.MAX_SAFE_INTEGER),
  );
}

async function cordon({ name, rpc }: TrackerMember, context: OrderContext): Promise<void> {
  const { terminal, isJson, trackers, options, installation } = context;
  const { isCordoned } = await trackers.ask<CordonReply>(rpc, TRACKER_PATTERNS.clusterCordon, orderOf(options));
  if (isJson) return terminal.json({ name, isCordoned });
  terminal.line(
    `No record depends on ${name} once the others have copies of what it keeps.`,
    `It can be stopped when \`${installation.command} cluster status\` shows all of them ready.`,
  );
}

async function uncordon({ name, rpc }: TrackerMember, context: OrderContext): Promise<void> {
  const { terminal, isJson, trackers, options } = context;
  const { isCordoned } = await trackers.ask<CordonReply>(rpc, TRACKER_PATTERNS.clusterUncordon, orderOf(options));
  if (isJson) return terminal.json({ name, isCordoned });
  terminal.line(`${name} takes part as before.`);
}

async function drain({ name, rpc }: TrackerMember, context: OrderContext): Promise<void> {
  const { terminal, isJson, trackers, options, installation } = context;
  const { phase } = await trackers.ask<DrainReply>(rpc, TRACKER_PATTERNS.clusterDrain, orderOf(options));
  if (isJson) return terminal.json({ name, phase });
  terminal.line(
    `${name} hands over what it keeps.`,
    `It can be stopped once \`${installation.command} cluster status\` shows it no longer.`,
  );
}

async function snapshot(member: TrackerMember, context: OrderContext): Promise<void> {
  const { terminal, isJson, trackers, options } = context;
  const order = { ...orderOf(options), name: options.as ?? timeName(new Date()) };
  const { clusterSnapshot } = TRACKER_PATTERNS;
  const made = await trackers.ask<SnapshotReply>(member.rpc, clusterSnapshot, order, SNAPSHOT_TIMEOUT_MS);
  if (isJson) return terminal.json({ tracker: member.name, ...made });
  terminal.line(
    `${member.name} wrote ${formatBytes(made.sizeBytes)} to ${made.folder} on its machine.`,
    'To go back to it, start the tracker with --data and a copy of that folder.',
  );
}

async function repair(
  { terminal, isJson }: CommandContext,
  trackers: TrackerConsole,
  options: ClusterOptions,
): Promise<void> {
  const members = await trackers.members();
  const done = await Promise.all(
    members.map(async ({ name, rpc }) => {
      const { slotCount } = await trackers.ask<RepairReply>(rpc, TRACKER_PATTERNS.clusterRepair, orderOf(options));
      return { name, slotCount };
    }),
  );
  if (isJson) return terminal.json({ trackers: done });
  terminal.line(...done.map(({ name, slotCount }) => `${name} compares ${counted(slotCount, 'slot')}.`));
}

function orderOf({ fence = NO_FENCE }: ClusterOptions): { readonly fence: number } {
  return { fence };
}

/** `20260131T235959Z`: sorts by time, and is a name for a folder everywhere. */
function timeName(time: Date): string {
  return time.toISOString().replace(/[-:]|\.\d+/g, '');
}
