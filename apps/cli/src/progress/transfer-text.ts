import type { TorrentView } from '@panal/wire';
import { counted, formatBytes, formatDuration, formatRate, percentOf } from '../quantity.js';
import type { BarContent } from './bars.js';

/** What a user calls it: its name in the cluster, else its title. */
export function labelOf({ name, title, hash, id }: TorrentView): string {
  return name ?? (title === '' ? (hash?.slice(0, 12) ?? id) : title);
}

/** `42%`, `27.1 MiB of 64.0 MiB`, `182 MB/s`, `ETA 3 s`, `2 sources`; a situation takes the place of rate and time. */
export function progressFacts(view: TorrentView, situation: string | undefined): readonly string[] {
  const { state, sizeBytes, doneBytes } = view;
  const facts = sizeBytes > 0 ? [`${percentOf(doneBytes, sizeBytes)}%`, amount(view)] : [];
  if (state === 'hashing') return ['hashing', ...facts];
  if (situation !== undefined) return [...facts, situation];
  if (state !== 'downloading') return facts;
  return [
    ...facts,
    formatRate(view.downRate),
    ...(view.etaMs === null ? [] : [`ETA ${formatDuration(view.etaMs)}`]),
    counted(view.sources.filter((source) => source.state === 'active').length, 'source'),
  ];
}

/** One line for a pipe or a log. */
export function progressLine(view: TorrentView, situation: string | undefined): string {
  return `${labelOf(view)}: ${progressFacts(view, situation).join('  ')}`;
}

export function barContent(view: TorrentView, situation: string | undefined): BarContent {
  const { sizeBytes, doneBytes } = view;
  return {
    label: labelOf(view),
    fraction: sizeBytes > 0 ? doneBytes / sizeBytes : 0,
    facts: progressFacts(view, situation).join('  '),
  };
}

function amount({ doneBytes, sizeBytes }: TorrentView): string {
  return `${formatBytes(Math.min(doneBytes, sizeBytes))} of ${formatBytes(sizeBytes)}`;
}
