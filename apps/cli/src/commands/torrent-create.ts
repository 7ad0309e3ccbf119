import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { shareContent } from '@panal/storage-fs';
import type { CommandContext } from '../command-context.js';
import { FileError } from '../errors.js';
import { openReadingBar } from '../progress/reading-bar.js';
import type { CreateOptions } from './torrent.js';
import { torrentJson, torrentLines } from './torrent-show.js';

export async function runCreate(context: CommandContext, contentPath: string, options: CreateOptions): Promise<void> {
  const { terminal, cwd } = context;
  const absolute = path.resolve(cwd, contentPath);
  const bar = await openReadingBar(context, path.basename(absolute));
  try {
    const { metainfo } = await shareContent({
      path: absolute,
      format: options.format,
      chunkSizeBytes: options.chunkSize,
      onProgress: ({ doneBytes, totalBytes }) => bar.update(doneBytes, totalBytes),
      signal: context.interruption.signal,
    });
    bar.end();
    const file = path.resolve(cwd, options.output ?? `${metainfo.name}.torrent`);
    await writeTorrent(file, metainfo.bytes, options.force === true);
    if (context.isJson) terminal.json({ ...torrentJson(metainfo), file });
    else terminal.line(terminal.style('green', `Wrote ${file}`), ...torrentLines(terminal, metainfo));
  } finally {
    bar.end();
  }
}

async function writeTorrent(file: string, bytes: Buffer, isForced: boolean): Promise<void> {
  try {
    await writeFile(file, bytes, { flag: isForced ? 'w' : 'wx' });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new FileError(
      code === 'EEXIST' ? `${file} exists already.` : `${file} cannot be written (${code}).`,
      code === 'EEXIST' ? 'Give --force to replace it, or another --output.' : 'Give another --output.',
      error,
    );
  }
}
