import { Command, Option } from 'commander';
import type { CommandContext } from './command-context.js';
import { addClusterCommand } from './commands/cluster.js';
import { addDownCommand } from './commands/down.js';
import { addGetCommand } from './commands/get.js';
import { examples } from './commands/help-text.js';
import { addKeysCommand } from './commands/keys.js';
import { addLsCommand } from './commands/ls.js';
import { addPluginsCommand } from './commands/plugins.js';
import { addRecheckCommand } from './commands/recheck.js';
import { addServerCommand } from './commands/servers.js';
import { addShareCommand } from './commands/share.js';
import { addStatusCommand } from './commands/status.js';
import { addStopCommand } from './commands/stop.js';
import { addTorrentCommand } from './commands/torrent.js';
import { addUpCommand } from './commands/up.js';
import { printable } from './terminal.js';

/** All commands. Each one's action does its work with `context`, sets `context.exitCode`, and throws what went wrong. */
export function buildProgram(context: CommandContext): Command {
  const { version, shortCommand } = context.installation;
  const { terminal } = context;
  const program = new Command('panal')
    .description('Shares any file with every machine of a cluster, peer to peer.')
    .usage('COMMAND [options]   (more: panal COMMAND --help)')
    .version(version, '-V, --version', 'print the version')
    .helpCommand(false)
    .showSuggestionAfterError()
    // Sub-commands made from here on take these over.
    .configureHelp({
      styleTitle: (title) => terminal.style('bold', title),
      helpWidth: Math.min(110, Math.max(60, terminal.columns)),
    })
    .configureOutput({
      writeOut: (text) => terminal.raw(text),
      writeErr: (text) => terminal.note(...text.replace(/\n$/, '').split('\n')),
      outputError: (text) =>
        terminal.error(
          printable(
            text
              .replace(/^error: /, '')
              .trim()
              .replaceAll('\n', ' '),
          ),
          '',
        ),
    })
    .exitOverride();
  program.commandsGroup('Files:');
  addShareCommand(program, context);
  addGetCommand(program, context);
  addLsCommand(program, context);
  addStatusCommand(program, context);
  addStopCommand(program, context);
  addRecheckCommand(program, context);
  program.commandsGroup('Torrent files, offline:');
  addTorrentCommand(program, context);
  program.commandsGroup('Servers:');
  addUpCommand(program, context);
  addDownCommand(program, context);
  addServerCommand(program, 'tracker');
  addServerCommand(program, 'peer');
  addClusterCommand(program, context);
  addKeysCommand(program, context);
  addPluginsCommand(program, context);
  forEachCommand(program, (each) => {
    each.addHelpOption(new Option('-h, --help', 'show this help').helpGroup('Options:'));
    each.showHelpAfterError(`See \`${fullName(each, shortCommand)} --help\`.`);
  });
  return program.addHelpText(
    'after',
    () => `${examples(shortCommand, [
      ['up', 'a cluster on this machine, to try things'],
      ['share ./llm --name llm:v3', 'offer a directory under a name'],
      ['get llm:v3 --to /models', 'fetch it elsewhere'],
      ['status --watch', 'see it happen'],
    ])}

Environment: PANAL_DATA (data folder, default ~/.panal), PANAL_PLUGINS, PANAL_PLUGIN_DIR, NO_COLOR.
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 waited longer than --wait, 130 interrupted.`,
  );
}

function forEachCommand(command: Command, visit: (command: Command) => void): void {
  visit(command);
  for (const child of command.commands) forEachCommand(child, visit);
}

function fullName(command: Command, root: string): string {
  return command.parent === null ? root : `${fullName(command.parent, root)} ${command.name()}`;
}
