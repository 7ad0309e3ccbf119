import { tableLines } from '../table.js';

/** A block of examples below a command's help: what to type, and what for. */
export function examples(shortCommand: string, rows: readonly (readonly [args: string, what?: string])[]): string {
  const lines = tableLines(rows.map(([args, what]) => [`  ${shortCommand} ${args}`, what ?? '']));
  return `\nExamples:\n${lines.join('\n')}`;
}
