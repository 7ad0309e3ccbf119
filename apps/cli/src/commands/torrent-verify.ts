import path from 'node:path';
import { type ContentVerification, type FileState, verifyContent } from '@panal/storage-fs';
import { ChunkGeometry, parseTorrent } from '@panal/torrent';
import type { CommandContext } from '../command-context.js';
import { EXIT_CODES } from '../exit-code.js';
import { DIFFERENCES_SHOWN_MAX } from '../limits.js';
import { readTorrentFile } from '../peers/content-reference.js';
import { openReadingBar } from '../progress/reading-bar.js';
import { counted, formatBytes, formatCount } from '../quantity.js';

const STATES: Readonly<Record<FileState, string>> = {
  good: 'is right',
  missing: 'is missing',
  wrong_kind: 'is something else',
  unreadable: 'cannot be read',
  wrong_size: 'has another size',
  damaged: 'is damaged',
  wrong_mode: 'is right, save for its executable bit',
};

export async function runVerify(
  context: CommandContext,
  { file, contentPath }: { readonly file: string; readonly contentPath: string },
): Promise<void> {
  const { cwd, interruption, terminal } = context;
  const metainfo = parseTorrent(await readTorrentFile(path.resolve(cwd, file)));
  const absolute = path.resolve(cwd, contentPath);
  const bar = await openReadingBar(context, metainfo.name);
  let outcome: ContentVerification;
  try {
    outcome = await verifyContent(metainfo, absolute, {
      onProgress: ({ doneBytes, totalBytes }) => bar.update(doneBytes, totalBytes),
      signal: interruption.signal,
    });
  } finally {
    bar.end();
  }
  const { chunkCount } = new ChunkGeometry(metainfo);
  if (!outcome.isGood) context.exitCode = EXIT_CODES.failed;
  if (context.isJson) {
    const files = outcome.files.map((found) => ({ ...found, path: found.path.join('/') }));
    terminal.json({ isGood: outcome.isGood, chunkCount, goodChunkCount: outcome.good.count, files });
    return;
  }
  const notes = outcome.files.filter(({ state }) => state !== 'good');
  for (const { path: parts, state, badChunkCount } of notes.slice(0, DIFFERENCES_SHOWN_MAX)) {
    const bad = badChunkCount > 0 ? ` (${counted(badChunkCount, 'chunk')})` : '';
    terminal.line(`${parts.join('/')} ${STATES[state]}${bad}`);
  }
  if (notes.length > DIFFERENCES_SHOWN_MAX)
    terminal.line(`... and ${formatCount(notes.length - DIFFERENCES_SHOWN_MAX)} more`);
  if (outcome.isGood)
    terminal.line(
      terminal.style(
        'green',
        `${absolute} is what ${file} describes: ${counted(chunkCount, 'chunk')}, ${formatBytes(metainfo.sizeBytes)}.`,
      ),
    );
  else {
    terminal.error(
      `${absolute} is not what ${file} describes: ${formatCount(outcome.good.count)} of ${counted(chunkCount, 'chunk')} are right.`,
      `Fetch what is missing: ${context.installation.command} get ${file} --to DIR`,
    );
  }
}
