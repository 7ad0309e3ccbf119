import type { CommandContext } from '../command-context.js';
import type { CliConfig } from '../config.js';
import type { PeerChoice } from '../peers/peer-session.js';
import { shellWord } from '../shell-word.js';

/** ` --data DIR` for a command that is to be pasted, when it would not find the folder without. */
export function dataFolderHint(config: Pick<CliConfig, 'dataDir'>, options: { readonly data?: string }): string {
  return options.data === undefined || options.data === config.dataDir ? '' : ` --data ${shellWord(options.data)}`;
}

/** Flags for a peer that need not be started have no effect: better said than wondered about. */
export function noteUnusedFlags(context: CommandContext, peer: string, choice: PeerChoice): void {
  const flags = [...new Set(choice.serverArgs.filter((arg) => arg.startsWith('--')))];
  if (flags.length > 0) context.terminal.warn(`peer ${peer} runs already, so ${flags.join(', ')} had no effect.`);
}
