import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { CommandContext } from '../command-context.js';
import { dataFolderHint } from '../commands/hints.js';
import { dataFolder, pluginFolder } from '../commands/options.js';
import { InterruptedError } from '../errors.js';
import { EXIT_CODES } from '../exit-code.js';
import { ensureClusterKeyFile } from '../key-files.js';
import { counted } from '../quantity.js';
import { LOOPBACK, PortChooser } from '../servers/free-port.js';
import { Cluster } from './cluster.js';
import { planCluster } from './cluster-plan.js';
import { ClusterClaim, upFolder } from './cluster-record.js';
import { clusterTable, deathLines, nextSteps } from './cluster-text.js';
import { runDemo } from './demo.js';
import type { UpOptions } from './up-options.js';

/** Runs a cluster until it is told to stop, or with `--once` until the demo is done. Leaves no child behind in any case. */
export async function runUp(context: CommandContext, options: UpOptions): Promise<void> {
  const isThrowaway = options.once === true && options.data === undefined;
  const dataDir = isThrowaway ? await mkdtemp(path.join(tmpdir(), 'panal-up-')) : dataFolder(context, options);
  const hint = dataFolderHint(context, options);
  try {
    const folder = upFolder(dataDir);
    const claim = await ClusterClaim.take(folder, `${context.installation.command} down${hint}`);
    try {
      await runClaimed(context, options, { folder, claim, hint });
    } finally {
      await claim.release();
    }
  } finally {
    if (isThrowaway) await rm(dataDir, { recursive: true, force: true });
  }
}

interface UpPlace {
  readonly folder: string;
  readonly claim: ClusterClaim;
  /** ` --data DIR`, or nothing, for printed commands. */
  readonly hint: string;
}

async function runClaimed(
  context: CommandContext,
  options: UpOptions,
  { folder, claim, hint }: UpPlace,
): Promise<void> {
  const { terminal, interruption } = context;
  const keyFile = path.join(folder, 'cluster.key');
  await ensureClusterKeyFile(keyFile);
  const ports = new PortChooser(LOOPBACK);
  const plans = await planCluster(ports, folder, {
    tracker: { count: options.trackers, port: options.trackerPort },
    peer: { count: options.peers, port: options.peerPort },
  });
  const record = () =>
    claim.write({ cluster: options.cluster, keyFile, trackers: cluster.trackers, peers: cluster.peers });
  const cluster = new Cluster({
    installation: context.installation,
    clusterName: options.cluster,
    keyFile,
    keyFileOf: (peer) => path.join(folder, 'keys', `${peer}.key`),
    commonArgs: pluginArgs(context, options),
    environment: context.config.serverEnvironment,
    ports,
    events: {
      onDied: (name, death) => terminal.note(...deathLines(name, death)),
      onRestarted: (name) => {
        terminal.note(`${name} serves again.`);
        void record().catch((error: unknown) => terminal.warn(`cluster.json could not be written: ${String(error)}`));
      },
    },
  });
  terminal.note(`Starting ${counted(options.trackers, 'tracker')} and ${counted(options.peers, 'peer')} ...`);
  try {
    await cluster.start(plans, interruption.signal);
    await record();
    terminal.line(...clusterTable(terminal, { folder, clusterName: options.cluster, cluster }));
    if (options.demo === true || options.share !== undefined) await runDemo(context, { cluster, folder, options });
    if (options.once === true) return;
    terminal.line(...nextSteps(terminal, context.installation.command, hint, options));
    await untilInterrupted(interruption.signal);
    context.exitCode = EXIT_CODES.ok;
  } finally {
    await stop(context, cluster);
  }
}

/** What is meant for all servers of this machine, in contrast to the rest of Panal's variables. */
function pluginArgs(context: CommandContext, options: UpOptions): readonly string[] {
  const { plugins } = context.config;
  if (plugins.length === 0) return [];
  return [...plugins.flatMap((name) => ['--plugin', name]), '--plugin-dir', pluginFolder(context, options)];
}

async function stop({ terminal, interruption }: CommandContext, cluster: Cluster): Promise<void> {
  interruption.onSecond(() => process.exit(EXIT_CODES.interrupted));
  terminal.note('', 'Stopping ...');
  const killed = await cluster.stop();
  terminal.note(
    killed.length === 0
      ? 'All stopped.'
      : `All stopped; ${killed.join(', ')} did not end in time and had to be killed.`,
  );
}

/** Ctrl-C is how a running cluster ends, so it is no failure once all is up. */
async function untilInterrupted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  // The children's channels keep the process alive, but not when all of them are gone and given up.
  const keepAlive = setInterval(() => undefined, 60_000);
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  clearInterval(keepAlive);
  if (!(signal.reason instanceof InterruptedError)) throw signal.reason as Error;
}
