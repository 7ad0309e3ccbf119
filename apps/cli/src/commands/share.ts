import { stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isTorrentName, type ShareRequest, type TorrentFormatName, type TorrentView } from '@panal/wire';
import { type Command, Option } from 'commander';
import type { CommandContext } from '../command-context.js';
import { FileError, InterruptedError, PeerUnreachableError, UsageError } from '../errors.js';
import { LINE_INTERVAL_MS } from '../limits.js';
import { openPeerSession, type PeerSession } from '../peers/peer-session.js';
import { trackerTrouble } from '../progress/situation.js';
import { watchUntilComplete } from '../progress/torrent-watch.js';
import { openDisplay } from '../progress/transfer-display.js';
import { completeEvent, JSON_HELP } from '../progress/transfer-event.js';
import { formatBytes, formatRate } from '../quantity.js';
import { waitMs } from '../wait.js';
import { examples } from './help-text.js';
import { noteUnusedFlags } from './hints.js';
import { addPeerOptions, chunkSize, type PeerOptions, peerChoice } from './options.js';
import { getCommand, shareLines } from './outcome-text.js';

interface ShareOptions extends PeerOptions {
  readonly name?: string;
  readonly format?: TorrentFormatName;
  readonly chunkSize?: number;
  readonly output?: string;
  readonly json?: boolean;
}

export function addShareCommand(program: Command, context: CommandContext): void {
  const share = program
    .command('share')
    .argument('<path>', 'file or directory')
    .summary('offer a file or directory to the others')
    .description(
      'Reads and hashes a file or directory and offers it to the others; prints how they get it. ' +
        'With a running peer the command returns, and the peer goes on sharing. ' +
        'Without one the command itself serves, until Ctrl-C.',
    )
    .option('--name <name>', 'a name in the cluster, such as llm:v3; sharing under it again moves it')
    .addOption(
      new Option('--format <format>', 'format of the torrent file (default: v2)').choices(['v2', 'hybrid', 'v1']),
    )
    .option('--chunk-size <size>', 'power of two from 16KiB to 16MiB (default: by size, from 256KiB)', chunkSize)
    .option('--output <file>', 'write the torrent file, too')
    .option('--json', 'progress and outcome as JSON lines')
    .addHelpText(
      'after',
      () =>
        `${examples(context.installation.shortCommand, [
          ['share ./llm --name llm:v3', 'others then say: panal get llm:v3'],
          ['share disk.img --output disk.torrent'],
        ])}\n\n${JSON_HELP}`,
    );
  addPeerOptions(share).action(async (file: string, options: ShareOptions) => {
    context.isJson = options.json === true;
    await runShare(context, file, options);
  });
}

async function runShare(context: CommandContext, file: string, options: ShareOptions): Promise<void> {
  const request = await shareRequest(context, file, options);
  const { signal } = context.interruption;
  const choice = peerChoice(context, options);
  const session = await openPeerSession(context.installation, choice, 'share', signal);
  try {
    if (!session.isTemporary) noteUnusedFlags(context, session.client.name, choice);
    const view = await hashAndShare(context, session, request);
    const torrentFile = await saveTorrent(context, session, view, options.output);
    await sayShared(context, session, view, torrentFile);
    if (session.isTemporary) await serve(context, session, view.id);
  } finally {
    await session.close();
  }
}

async function shareRequest({ cwd }: CommandContext, file: string, options: ShareOptions): Promise<ShareRequest> {
  if (options.name !== undefined && !isTorrentName(options.name)) {
    throw new UsageError(
      `"${options.name}" is no name for a torrent.`,
      'Use up to 128 letters, digits and . _ / : @ -, starting with a letter or digit, such as llm:v3.',
    );
  }
  // It would mean this whole directory, and is what an unset variable of a script gives.
  if (file === '') throw new UsageError('The path to share is empty.', 'Give a file or directory; . is this one.');
  const absolute = path.resolve(cwd, file);
  if ((await stat(absolute).catch(() => undefined)) === undefined) {
    throw new FileError(`There is no file or directory ${absolute}.`, 'Check the path.');
  }
  return { path: absolute, name: options.name, format: options.format, chunkSizeBytes: options.chunkSize };
}

async function hashAndShare(
  context: CommandContext,
  session: PeerSession,
  request: ShareRequest,
): Promise<TorrentView> {
  const signal = AbortSignal.any([context.interruption.signal, session.lost]);
  const display = await openDisplay(context.terminal, context.isJson);
  try {
    const { id } = await session.client.share(request, signal);
    return await watchUntilComplete(session.client, id, {
      signal,
      onView: (view, situation) => display.update(view, situation),
    });
  } finally {
    display.end();
  }
}

async function saveTorrent(
  { cwd, interruption }: CommandContext,
  session: PeerSession,
  view: TorrentView,
  output: string | undefined,
): Promise<string | undefined> {
  if (output === undefined) return undefined;
  const file = path.resolve(cwd, output);
  const bytes = await session.client.metainfo(view.id, interruption.signal);
  try {
    await writeFile(file, bytes);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new FileError(
      `${file} cannot be written (${code}). The content is shared all the same.`,
      'Give another --output.',
      error,
    );
  }
  return file;
}

async function sayShared(
  context: CommandContext,
  session: PeerSession,
  view: TorrentView,
  torrentFile: string | undefined,
): Promise<void> {
  const { terminal, installation, interruption } = context;
  if (context.isJson) {
    terminal.json(completeEvent(view));
    return;
  }
  terminal.line(terminal.style('green', `Peer ${session.client.name} shares ${view.path}`));
  terminal.line(...shareLines(terminal, view, torrentFile));
  terminal.line('', 'Others get it with', `  ${terminal.style('bold', getCommand(installation.command, view))}`);
  const trouble = trackerTrouble((await session.client.status(interruption.signal)).trackers);
  if (trouble !== undefined) terminal.warn(`others cannot find it yet: ${trouble}.`);
}

/** Stays until Ctrl-C, which is the expected end, and tells how much was given. */
async function serve(context: CommandContext, session: PeerSession, id: string): Promise<void> {
  const { terminal, interruption } = context;
  if (!context.isJson)
    terminal.line('', 'Serving it from here until Ctrl-C. (With `panal peer` running, this command would return.)');
  const signal = AbortSignal.any([interruption.signal, session.lost]);
  try {
    for (let givenBytes = 0; ; ) {
      await waitMs(LINE_INTERVAL_MS, signal);
      givenBytes = await sayGiven(context, session, id, givenBytes);
    }
  } catch (error) {
    if (!(error instanceof InterruptedError)) throw error;
    terminal.note('', 'Stopped sharing.');
  }
}

async function sayGiven(
  { terminal, isJson, interruption }: CommandContext,
  session: PeerSession,
  id: string,
  earlierBytes: number,
): Promise<number> {
  try {
    const { uploadedBytes, upRate } = await session.client.torrent(id, interruption.signal);
    if (uploadedBytes !== earlierBytes && !isJson) {
      terminal.line(`gave ${formatBytes(uploadedBytes)} so far, ${formatRate(upRate)}`);
    }
    return uploadedBytes;
  } catch (error) {
    // A busy peer answers later. One that ended is seen by `session.lost`.
    if (error instanceof PeerUnreachableError) return earlierBytes;
    throw error;
  }
}
