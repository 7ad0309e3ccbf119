import { PanalError } from '@panal/runtime';
import { CommanderError } from 'commander';
import type { CommandContext } from './command-context.js';
import { exitCodeOf, InterruptedError } from './errors.js';
import { EXIT_CODES, type ExitCode } from './exit-code.js';
import { buildProgram } from './program.js';
import { errorEvent } from './progress/transfer-event.js';

/** Runs one command line. Everything that goes wrong is told here, once. @returns What the process ends with. */
export async function runCli(context: CommandContext, args: readonly string[]): Promise<ExitCode> {
  try {
    const program = buildProgram(context);
    if (args.length === 0) {
      program.outputHelp();
      return EXIT_CODES.usage;
    }
    await program.parseAsync(args, { from: 'user' });
    return context.exitCode;
  } catch (error) {
    // Commander has written its help, version or complaint already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODES.ok : EXIT_CODES.usage;
    tell(context, error);
    return exitCodeOf(error);
  }
}

function tell({ terminal, isJson }: CommandContext, error: unknown): void {
  if (isJson) terminal.json(errorEvent(error));
  if (error instanceof InterruptedError) return; // the user knows
  if (error instanceof PanalError) terminal.error(error.message, error.action);
  else {
    const stack = error !== null && typeof error === 'object' && 'stack' in error ? String(error.stack) : String(error);
    terminal.error(stack, 'This is a bug in Panal. Please report it with the lines above.');
  }
}
