import type { CliConfig } from './config.js';
import { EXIT_CODES, type ExitCode } from './exit-code.js';
import type { Installation } from './installation.js';
import type { Interruption } from './interruption.js';
import type { Terminal } from './terminal.js';

/** What every command works with. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly config: CliConfig;
  readonly installation: Installation;
  readonly interruption: Interruption;
  /** Where the user stands; relative paths of the command line start here. */
  readonly cwd: string;
  /** Whether errors go to standard output as JSON, too. */
  isJson: boolean;
  /** What the command ends with, unless it throws. */
  exitCode: ExitCode;
}

export function newContext(parts: Omit<CommandContext, 'isJson' | 'exitCode'>): CommandContext {
  return { ...parts, isJson: false, exitCode: EXIT_CODES.ok };
}
