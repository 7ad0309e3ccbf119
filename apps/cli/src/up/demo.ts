import { readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { TorrentView } from '@panal/wire';
import type { CommandContext } from '../command-context.js';
import { averageRate, joinNames, sourceNames } from '../commands/outcome-text.js';
import { ComparisonError, FileError } from '../errors.js';
import { PeerClient } from '../peers/peer-client.js';
import { watchUntilComplete } from '../progress/torrent-watch.js';
import { openDisplay, type TransferDisplay } from '../progress/transfer-display.js';
import { counted, formatBytes, formatDuration, formatRate } from '../quantity.js';
import { tableLines } from '../table.js';
import { monotonicMs } from '../wait.js';
import type { Cluster } from './cluster.js';
import type { ServerRecord } from './cluster-record.js';
import { makeSample } from './sample-content.js';
import { compareTrees, type TreeComparison } from './tree-comparison.js';
import type { UpOptions } from './up-options.js';

const SAMPLE_NAME = 'sample:v1';

export interface DemoPlace {
  readonly cluster: Cluster;
  readonly folder: string;
  readonly options: UpOptions;
}

interface Fetched {
  readonly peer: string;
  readonly view: TorrentView;
  readonly comparison: TreeComparison;
}

/**
 * Shares a sample, or the user's own path, at the first peer, fetches it by all the others and compares what they got.
 * @throws ComparisonError when any byte, bit, link or directory differs.
 */
export async function runDemo(context: CommandContext, { cluster, folder, options }: DemoPlace): Promise<void> {
  const [sharer, ...fetchers] = cluster.peers;
  if (sharer === undefined) throw new Error('a demo without peers');
  const content = await contentOf(context, folder, options);
  const shared = await shareAt(context, sharer, content);
  const outcomes = await fetchAll(context, fetchers, shared);
  const fetched = await Promise.all(
    outcomes.map(async ({ peer, view }) => ({
      peer,
      view,
      comparison: await compareTrees(content.path, view.path, context.interruption.signal),
    })),
  );
  report(context, sharer.name, shared, fetched);
}

interface DemoContent {
  readonly path: string;
  readonly name: string | undefined;
}

async function contentOf(
  { terminal, cwd }: CommandContext,
  folder: string,
  { share }: UpOptions,
): Promise<DemoContent> {
  if (share !== undefined) {
    const own = path.resolve(cwd, share);
    if ((await stat(own).catch(() => undefined)) === undefined) {
      throw new FileError(`There is no file or directory ${own}.`, 'Check the path given with --share.');
    }
    return { path: own, name: undefined };
  }
  const sample = path.join(folder, 'demo', 'sample');
  const startedMs = monotonicMs();
  if (await makeSample(sample))
    terminal.line(`Made a sample in ${formatDuration(monotonicMs() - startedMs)}: ${sample}`);
  else terminal.line(`Using the sample of an earlier run: ${sample}`);
  return { path: sample, name: SAMPLE_NAME };
}

async function shareAt(context: CommandContext, sharer: ServerRecord, content: DemoContent): Promise<TorrentView> {
  const { signal } = context.interruption;
  const client = await clientOf(sharer);
  const display = await openDisplay(context.terminal, false);
  try {
    const { id } = await client.share({ path: content.path, name: content.name }, signal);
    return await watchUntilComplete(client, id, {
      signal,
      onView: (view, situation) => display.update(view, situation),
    });
  } finally {
    display.end();
    context.terminal.line(
      `${sharer.name} shares ${content.path}${content.name === undefined ? '' : ` as ${content.name}`}`,
    );
  }
}

async function fetchAll(
  context: CommandContext,
  fetchers: readonly ServerRecord[],
  shared: TorrentView,
): Promise<readonly { readonly peer: string; readonly view: TorrentView }[]> {
  // One that fails ends the others, too: nobody may write to the terminal, or the disk, after the report of a failure.
  const failure = new AbortController();
  const signal = AbortSignal.any([context.interruption.signal, failure.signal]);
  const display = await openDisplay(context.terminal, false);
  try {
    const fetches = fetchers.map(async (fetcher) => {
      try {
        return { peer: fetcher.name, view: await fetchAt(fetcher, shared, display, signal) };
      } catch (error) {
        failure.abort(error);
        throw error;
      }
    });
    await Promise.allSettled(fetches);
    return await Promise.all(fetches);
  } finally {
    display.end();
  }
}

async function fetchAt(
  fetcher: ServerRecord,
  shared: TorrentView,
  display: TransferDisplay,
  signal: AbortSignal,
): Promise<TorrentView> {
  const client = await clientOf(fetcher);
  const directory = path.join(fetcher.dataDir, 'downloads');
  await forgetEarlierRun(client, shared, directory, signal);
  const request = shared.name === null ? { hash: shared.hash ?? '' } : { name: shared.name };
  const { id } = await client.download({ ...request, directory, force: true }, signal);
  return watchUntilComplete(client, id, {
    signal,
    onView: (view, situation) => display.update({ ...view, name: `${fetcher.name} ${view.title}` }, situation),
  });
}

/** A peer that kept its copy would have nothing to fetch. Only what lies in our own download folder is removed. */
async function forgetEarlierRun(
  client: PeerClient,
  shared: TorrentView,
  directory: string,
  signal: AbortSignal,
): Promise<void> {
  for (const view of await client.torrents(signal)) {
    if (view.hash !== shared.hash || path.dirname(view.path) !== directory) continue;
    await client.remove(view.id, signal);
    await rm(view.path, { recursive: true, force: true });
  }
}

async function clientOf({ name, url, dataDir }: ServerRecord): Promise<PeerClient> {
  return new PeerClient(name, url, (await readFile(path.join(dataDir, 'api-token'), 'utf8')).trim());
}

function report({ terminal }: CommandContext, sharer: string, shared: TorrentView, fetched: readonly Fetched[]): void {
  const first = fetched[0]?.comparison;
  if (first !== undefined) {
    const what = [
      counted(first.fileCount, 'file'),
      counted(first.linkCount, 'link'),
      `${first.directoryCount} directories`,
    ];
    terminal.line(
      '',
      terminal.style(
        'bold',
        `${shared.title}: ${formatBytes(shared.sizeBytes)}, ${what.join(', ')}, id ${shared.hash}`,
      ),
    );
  }
  const rows = fetched.map(({ peer, view, comparison }) => [
    `  ${peer}`,
    `fetched ${formatBytes(view.downloadedBytes)} in ${formatDuration(view.elapsedMs)}`,
    formatRate(averageRate(view)),
    `from ${joinNames(sourceNames(view)) || sharer}`,
    comparison.differenceCount === 0
      ? terminal.style('green', 'compared byte for byte: equal')
      : terminal.style('red', counted(comparison.differenceCount, 'difference')),
  ]);
  terminal.line(...tableLines(rows), '');
  const bad = fetched.filter(({ comparison }) => comparison.differenceCount > 0);
  for (const { peer, comparison } of bad)
    terminal.note(...comparison.differences.map((difference) => `  ${peer}: ${difference}`));
  if (bad.length > 0) {
    throw new ComparisonError(
      `What ${joinNames(bad.map(({ peer }) => peer))} fetched is not what ${sharer} shares.`,
      'This is a bug in Panal, or something wrote to the files meanwhile. Please report it with the lines above.',
    );
  }
}
