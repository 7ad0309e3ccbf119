import path from 'node:path';
import type { DownloadRequest, TorrentView, VerifyMode } from '@panal/wire';
import { type Command, Option } from 'commander';
import type { CommandContext } from '../command-context.js';
import { InterruptedError, WaitedTooLongError } from '../errors.js';
import { readContentReference } from '../peers/content-reference.js';
import { openPeerSession, type PeerSession } from '../peers/peer-session.js';
import { watchUntilComplete } from '../progress/torrent-watch.js';
import { openDisplay } from '../progress/transfer-display.js';
import { completeEvent, JSON_HELP } from '../progress/transfer-event.js';
import { examples } from './help-text.js';
import { dataFolderHint, noteUnusedFlags } from './hints.js';
import { addPeerOptions, type PeerOptions, peerChoice, seconds } from './options.js';
import { fetchedLine } from './outcome-text.js';

interface GetOptions extends PeerOptions {
  readonly to: string;
  readonly as?: string;
  readonly force?: boolean;
  readonly scheduler?: string;
  readonly verify?: VerifyMode;
  readonly wait?: number;
  readonly json?: boolean;
}

export function addGetCommand(program: Command, context: CommandContext): void {
  const get = program
    .command('get')
    .argument('<what>', 'a .torrent file, a hash (64 or 40 hex digits), a name such as llm:v3, or a magnet link')
    .summary('fetch a file or directory')
    .description(
      'Fetches a file or directory, verifies every chunk, and puts it in place when it is whole. ' +
        'When nobody shares it yet, or no tracker answers, the command says so and waits. ' +
        'A fetch that was interrupted goes on where it was.',
    )
    .option('--to <dir>', 'directory to put it in', '.')
    .option('--as <name>', 'give it another name there')
    .option('--force', 'replace what is there under that name')
    .option(
      '--wait <seconds>',
      'give up (exit code 3) when nothing arrives for so long (default: wait for ever)',
      seconds,
    )
    .option(
      '--scheduler <order>',
      'which chunks come first: rarest-first (the default), sequential, random, or one of a plugin',
    )
    .addOption(
      new Option('--verify <how>', 'reread: read the finished content back from disk, too (default: standard)').choices(
        ['standard', 'reread'],
      ),
    )
    .option('--json', 'progress and outcome as JSON lines')
    .addHelpText(
      'after',
      () =>
        `${examples(context.installation.shortCommand, [
          ['get llm:v3', 'by name, into this directory'],
          ['get llm:v3 --to /models --as llm'],
          ['get dataset.torrent --wait 60 --json'],
        ])}\n\n${JSON_HELP}`,
    );
  addPeerOptions(get).action(async (what: string, options: GetOptions) => {
    context.isJson = options.json === true;
    await runGet(context, what, options);
  });
}

async function runGet(context: CommandContext, what: string, options: GetOptions): Promise<void> {
  const request: DownloadRequest = {
    ...(await readContentReference(what, context.cwd)),
    directory: path.resolve(context.cwd, options.to),
    rename: options.as,
    force: options.force,
    scheduler: options.scheduler,
    verify: options.verify,
  };
  const { signal } = context.interruption;
  const choice = peerChoice(context, options);
  const session = await openPeerSession(context.installation, choice, 'get', signal);
  try {
    if (!session.isTemporary) noteUnusedFlags(context, session.client.name, choice);
    const started = await session.client.download(request, signal);
    const view = await follow(context, session, started, options);
    if (context.isJson) context.terminal.json(completeEvent(view));
    else context.terminal.line(context.terminal.style('green', fetchedLine(view)), view.path);
  } finally {
    await session.close();
  }
}

async function follow(
  context: CommandContext,
  session: PeerSession,
  started: TorrentView,
  options: GetOptions,
): Promise<TorrentView> {
  const display = await openDisplay(context.terminal, context.isJson);
  try {
    return await watchUntilComplete(session.client, started.id, {
      signal: AbortSignal.any([context.interruption.signal, session.lost]),
      waitS: options.wait,
      onView: (view, situation) => display.update(view, situation),
    });
  } catch (error) {
    display.end();
    if (error instanceof InterruptedError || error instanceof WaitedTooLongError) {
      sayWhatGoesOn(context, session, started.id, options);
    }
    throw error;
  } finally {
    display.end();
  }
}

/** A user who leaves must know whether the machine goes on without him. */
function sayWhatGoesOn(context: CommandContext, session: PeerSession, id: string, options: GetOptions): void {
  const { terminal, installation } = context;
  if (session.isTemporary) {
    terminal.note('', 'What was fetched is kept; the same command goes on from there.');
    return;
  }
  const stop = `${installation.command} stop ${id}${dataFolderHint(context, options)}`;
  terminal.note('', `Peer ${session.client.name} goes on with it. To end that, too: ${stop}`);
}
