import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.js';
import { ClusterError } from '../errors.js';
import { DOWN_TIMEOUT_MS } from '../limits.js';
import { isSameProcess } from '../servers/process-identity.js';
import { readClusterRecord, removeStaleRecord, upFolder } from '../up/cluster-record.js';
import { monotonicMs } from '../wait.js';
import { addDataOption, dataFolder } from './options.js';

const POLL_MS = 100;

export function addDownCommand(program: Command, context: CommandContext): void {
  const down = program
    .command('down')
    .summary('stop the cluster that `up` runs')
    .description('Stops the cluster that `panal up` runs in another terminal, and waits until all of it has ended.');
  addDataOption(down).action(async (options: { readonly data?: string }) => runDown(context, options));
}

async function runDown(context: CommandContext, options: { readonly data?: string }): Promise<void> {
  const { terminal, interruption } = context;
  const folder = upFolder(dataFolder(context, options));
  const record = await readClusterRecord(folder);
  if (record === undefined) {
    const stale = await removeStaleRecord(folder);
    terminal.line(
      `No cluster runs from ${folder}.${stale ? ' Removed the record that one left when it was killed.' : ''}`,
    );
    return;
  }
  const { pid } = record.owner;
  process.kill(pid, 'SIGTERM');
  for (const startedMs = monotonicMs(); await isSameProcess(record.owner); ) {
    if (monotonicMs() - startedMs > DOWN_TIMEOUT_MS) {
      throw new ClusterError(
        'cluster_failed',
        `The cluster (pid ${pid}) did not stop in ${DOWN_TIMEOUT_MS / 1000} s.`,
        `Its terminal may say why. To end it by force: kill -9 ${pid}`,
      );
    }
    await delay(POLL_MS, undefined, { signal: interruption.signal });
  }
  terminal.line(
    `Stopped the cluster of ${folder}: ${record.trackers.length} trackers and ${record.peers.length} peers.`,
  );
}
