import path from 'node:path';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.js';
import type { TrackerConsole } from '../trackers/tracker-console.js';
import { addDataOption, dataFolder } from './options.js';

/** Flags of all commands about a cluster, and those of single ones. */
export interface ClusterOptions {
  readonly data?: string;
  readonly tracker?: readonly string[];
  readonly keyFile?: string;
  readonly cluster?: string;
  readonly json?: boolean;
  readonly from?: number;
  readonly count?: number;
  readonly fence?: number;
  readonly as?: string;
}

/** What a command does with the trackers of the cluster that was named. */
export type Action = (context: CommandContext, trackers: TrackerConsole, options: ClusterOptions) => Promise<void>;

/** Runs it, with errors and output as the flags say. */
export async function runOnCluster(context: CommandContext, options: ClusterOptions, action: Action): Promise<void> {
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

/** Adds what all commands about a cluster take. @param json What `--json` prints. */
export function addClusterOptions(command: Command, json: string): Command {
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
