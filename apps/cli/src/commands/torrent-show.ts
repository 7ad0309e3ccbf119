import path from 'node:path';
import { ChunkGeometry, formatContentId, formatMagnet, type Metainfo, parseTorrent } from '@panal/torrent';
import type { CommandContext } from '../command-context.js';
import { readTorrentFile } from '../peers/content-reference.js';
import { counted, formatBytes, formatCount } from '../quantity.js';
import { tableLines } from '../table.js';
import type { Terminal } from '../terminal.js';
import type { ShowOptions } from './torrent-options.js';

/** A longer list is shown on request only. */
const FILES_SHOWN = 20;

export async function runShow(context: CommandContext, file: string, options: ShowOptions): Promise<void> {
  const metainfo = parseTorrent(await readTorrentFile(path.resolve(context.cwd, file)));
  const { terminal } = context;
  if (context.isJson) {
    terminal.json(torrentJson(metainfo));
    return;
  }
  const shown = options.files === true ? Number.POSITIVE_INFINITY : FILES_SHOWN;
  terminal.line(...torrentLines(terminal, metainfo), ...fileLines(metainfo, shown));
}

/** Head of a torrent: name, ids, sizes, magnet link. */
export function torrentLines(terminal: Terminal, metainfo: Metainfo): string[] {
  const { name, isDirectory, format, sizeBytes, chunkSizeBytes, contentId, comment, createdBy } = metainfo;
  const { chunkCount } = new ChunkGeometry(metainfo);
  const rows: [string, string][] = [
    ['name', `${name}${isDirectory ? '/' : ''}`],
    ['id', formatContentId(contentId)],
    ['format', format],
  ];
  if (format === 'hybrid' && metainfo.infoHashV1 !== undefined)
    rows.push(['v1 hash', formatContentId(metainfo.infoHashV1)]);
  rows.push([
    'size',
    `${formatBytes(sizeBytes)} (${formatCount(sizeBytes)} bytes) in ${counted(realFiles(metainfo).length, 'file')}`,
  ]);
  rows.push(['chunks', `${formatCount(chunkCount)} of ${formatBytes(chunkSizeBytes)}`]);
  if (comment !== undefined) rows.push(['comment', comment]);
  if (createdBy !== undefined) rows.push(['made by', createdBy]);
  for (const tracker of metainfo.trackers) rows.push(['tracker', tracker]);
  rows.push(['magnet', formatMagnet(metainfo)]);
  return tableLines(rows.map(([label, value]) => [terminal.style('dim', label), value]));
}

export function torrentJson(metainfo: Metainfo): Record<string, unknown> {
  const { name, format, infoHashV1, infoHashV2, sizeBytes, chunkSizeBytes, contentId } = metainfo;
  return {
    name,
    format,
    id: formatContentId(contentId),
    infoHashV1: infoHashV1 === undefined ? null : formatContentId(infoHashV1),
    infoHashV2: infoHashV2 === undefined ? null : formatContentId(infoHashV2),
    sizeBytes,
    chunkSizeBytes,
    chunkCount: new ChunkGeometry(metainfo).chunkCount,
    magnet: formatMagnet(metainfo),
    files: realFiles(metainfo).map((file) => ({
      path: file.path.join('/'),
      sizeBytes: file.sizeBytes,
      isExecutable: file.isExecutable,
      linkTarget: file.symlinkTarget?.join('/') ?? null,
    })),
  };
}

function fileLines(metainfo: Metainfo, countMax: number): string[] {
  if (!metainfo.isDirectory) return [];
  const files = realFiles(metainfo);
  const rows = files.slice(0, countMax).map((file) => {
    const mark = file.isExecutable ? '*' : '';
    const target = file.symlinkTarget === undefined ? '' : ` -> ${file.symlinkTarget.join('/')}`;
    return [formatBytes(file.sizeBytes), `${file.path.join('/')}${mark}${target}`];
  });
  for (const directory of metainfo.emptyDirectories.slice(0, countMax)) rows.push(['-', `${directory.join('/')}/`]);
  const hidden = Math.max(0, files.length - countMax);
  return [
    '',
    ...tableLines(rows, [0]),
    ...(hidden === 0 ? [] : [`... and ${counted(hidden, 'more file')} (--files shows all)`]),
  ];
}

function realFiles({ files }: Metainfo): Metainfo['files'] {
  return files.filter(({ isPadding }) => !isPadding);
}
