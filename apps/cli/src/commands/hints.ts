import type { CommandContext } from '../command-context.js';
import type { PeerChoice } from '../peers/peer-session.js';
import { shellWord } from '../shell-word.js';
import { dataFolder } from './options.js';

/** ` --data DIR` for a command that is to be pasted anywhere, when it would not find the folder without. */
export function dataFolderHint(context: CommandContext, options: { readonly data?: string }): string {
  const folder = dataFolder(context, options);
  return folder === context.config.dataDir ? '' : ` --data ${shellWord(folder)}`;
}

/** Flags for a peer that need not be started have no effect: better said than wondered about. */
export function noteUnusedFlags(context: CommandContext, peer: string, choice: PeerChoice): void {
  const flags = choice.namedFlags;
  if (flags.length > 0) context.terminal.warn(`peer ${peer} runs already, so ${flags.join(', ')} had no effect.`);
}
