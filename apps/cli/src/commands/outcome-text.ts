import type { TorrentView } from '@panal/wire';
import { counted, formatBytes, formatCount, formatDuration, formatRate } from '../quantity.js';
import { shellWord } from '../shell-word.js';
import { tableLines } from '../table.js';
import type { Terminal } from '../terminal.js';

/** What a share is, for its user: id, name, size, chunks, magnet link. */
export function shareLines(terminal: Terminal, view: TorrentView, torrentFile: string | undefined): string[] {
  const rows: [string, string][] = [['id', view.hash ?? '-']];
  if (view.name !== null) rows.push(['name', view.name]);
  rows.push([
    'size',
    `${formatBytes(view.sizeBytes)} (${formatCount(view.sizeBytes)} bytes) in ${counted(view.fileCount, 'file')}`,
  ]);
  rows.push(['chunks', `${formatCount(view.chunkCount)} of ${formatBytes(view.chunkSizeBytes)}`]);
  if (view.magnet !== null) rows.push(['magnet', view.magnet]);
  if (torrentFile !== undefined) rows.push(['torrent', torrentFile]);
  return tableLines(rows.map(([label, value]) => [`  ${terminal.style('dim', label)}`, value]));
}

/** The command by which others fetch it. */
export function getCommand(command: string, view: Pick<TorrentView, 'name' | 'hash'>): string {
  return `${command} get ${shellWord(view.name ?? view.hash ?? '')}`;
}

/** `Fetched sample (64.2 MiB in 48 files) in 1.2 s, 54 MB/s, from p1 and p2.` */
export function fetchedLine(view: TorrentView): string {
  const what = `${view.title} (${formatBytes(view.sizeBytes)} in ${counted(view.fileCount, 'file')})`;
  const took = formatDuration(view.elapsedMs);
  if (view.downloadedBytes === 0) return `${what} was here already; checked in ${took}.`;
  const givers = sourceNames(view);
  const from = givers.length === 0 ? '' : `, from ${joinNames(givers)}`;
  return `Fetched ${what} in ${took}, ${formatRate(averageRate(view))}${from}.`;
}

/** Bytes a second over the whole time. */
export function averageRate({ downloadedBytes, elapsedMs }: TorrentView): number {
  return downloadedBytes / Math.max(0.001, elapsedMs / 1000);
}

/** Peers that gave chunks, the largest giver first. */
export function sourceNames({ sources }: TorrentView): string[] {
  return sources
    .filter(({ chunksDone }) => chunksDone > 0)
    .sort((a, b) => b.chunksDone - a.chunksDone)
    .map(({ name, address }) => name || address);
}

export function joinNames(names: readonly string[]): string {
  if (names.length <= 1) return names[0] ?? '';
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
