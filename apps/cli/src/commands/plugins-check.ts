import { type CheckedCase, inspectPlugin } from '@panal/nest';
import { PanalError } from '@panal/runtime';
import type { CommandContext } from '../command-context.js';
import { PluginCheckError } from '../errors.js';
import { printable } from '../terminal.js';
import { cliPorts } from './plugin-ports.js';

/** @throws PluginCheckError when a promise is not kept, and the reason when the plugin cannot be loaded */
export async function runCheck(context: CommandContext, packageName: string, folder: string): Promise<void> {
  const { terminal } = context;
  const { summary, cases } = await inspectPlugin({ packageName, folder, ports: cliPorts() });
  const failed = cases.filter(({ error }) => error !== undefined);
  if (context.isJson) {
    terminal.json({
      plugin: summary,
      cases: cases.map(({ place, name, error }) =>
        error === undefined ? { place, name, isGood: true } : { place, name, isGood: false, reason: reasonOf(error) },
      ),
    });
  } else {
    terminal.line(
      `${summary.name} ${summary.version}: ${cases.length - failed.length} of ${cases.length} checks passed.`,
    );
    for (const each of failed) terminal.line('', ...textOf(each).map(printable));
  }
  if (failed.length > 0) throw new PluginCheckError(summary.name, failed.length);
}

function textOf({ place, name, error }: CheckedCase): readonly string[] {
  const action = error instanceof PanalError ? [`  ${error.action}`] : [];
  return [
    `${place}: ${name}`,
    ...reasonOf(error)
      .split('\n')
      .map((line) => `  ${line}`),
    ...action,
  ];
}

/** With the cause: Nest says there which dependency it misses. */
function reasonOf(error: unknown): string {
  const { message, cause } = (error ?? {}) as { message?: unknown; cause?: unknown };
  const text = typeof message === 'string' ? message : String(error);
  return cause === undefined ? text : `${text}\n${reasonOf(cause)}`;
}
