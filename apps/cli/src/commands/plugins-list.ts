import { describePlugin, type PluginSummary } from '@panal/nest';
import { type ErrorReport, errorReport } from '@panal/runtime';
import type { CommandContext } from '../command-context.js';
import { EXIT_CODES } from '../exit-code.js';
import { printable } from '../terminal.js';
import { cliPorts } from './plugin-ports.js';

type Line = PluginSummary | { readonly packageName: string; readonly error: ErrorReport };

/** Every plugin that is configured, also after one that cannot be loaded. */
export async function runList(context: CommandContext, folder: string): Promise<void> {
  const { terminal, config } = context;
  const lines: Line[] = [];
  for (const packageName of config.plugins) {
    const described = describePlugin({ packageName, folder, ports: cliPorts() });
    lines.push(await described.catch((error: unknown) => ({ packageName, error: errorReport(error) })));
  }
  if (lines.some((line) => 'error' in line)) context.exitCode = EXIT_CODES.failed;
  if (context.isJson) return terminal.json({ folder, plugins: lines });
  if (lines.length === 0) return terminal.line('No plugins: PANAL_PLUGINS is empty.');
  terminal.line(`Plugins in ${folder}:`);
  for (const line of lines) terminal.line('', ...textOf(line).map(printable));
}

function textOf(line: Line): readonly string[] {
  if ('error' in line) return [line.packageName, `  ${line.error.message}`, `  ${line.error.action}`];
  const { packageName, name, version, requires, contributes } = line;
  return [
    `${name} ${version} (${packageName})`,
    ...(requires.length === 0 ? [] : [`  needs ${requires.join(', ')}`]),
    ...(contributes.length === 0 ? ['  brings nothing'] : contributes.map((each) => `  ${each}`)),
  ];
}
