import type { Command } from 'commander';
import type { CommandContext } from '../command-context.js';
import { examples } from './help-text.js';
import { addDataOption, pluginFolder } from './options.js';

interface PluginsOptions {
  readonly data?: string;
  readonly pluginDir?: string;
  readonly json?: boolean;
}

/** What others add to trackers and peers. The work is loaded only when it is asked for: it loads plugins. */
export function addPluginsCommand(program: Command, context: CommandContext): void {
  const plugins = program
    .command('plugins')
    .summary('show, check or begin a plugin')
    .description('Plugins add to trackers and peers. See docs/plugins.md.');
  const list = plugins
    .command('list')
    .summary('what is configured, and what it brings')
    .description('Loads each package of PANAL_PLUGINS and says what it brings. Ends with 1 when one cannot be loaded.')
    .option(
      '--json',
      'one object: {"folder","plugins":[{"packageName","name","version","contributes"} or {"packageName","error"}]}',
    );
  addFolderOptions(list).action(async (options: PluginsOptions) => {
    context.isJson = options.json === true;
    await (await import('./plugins-list.js')).runList(context, pluginFolder(context, options));
  });
  const check = plugins
    .command('check')
    .argument('<package>', 'an installed package, by its name')
    .summary('run against a plugin what its ports promise')
    .description('Loads a plugin as a server would, runs the promises of its ports against it, and makes its modules.')
    .option('--json', 'one object: {"plugin","cases":[{"place","name","isGood","reason"}]}')
    .addHelpText('after', () =>
      examples(context.installation.shortCommand, [
        ['plugins check @acme/panal-policy --plugin-dir /opt/panal-plugins'],
      ]),
    );
  addFolderOptions(check).action(async (packageName: string, options: PluginsOptions) => {
    context.isJson = options.json === true;
    await (await import('./plugins-check.js')).runCheck(context, packageName, pluginFolder(context, options));
  });
  plugins
    .command('new')
    .argument('<name>', 'name of the plugin: lower-case letters, digits and "-"')
    .summary('begin a plugin')
    .description(
      'Writes the package of a plugin that builds, passes its test and loads, into a new directory of its name.',
    )
    .action(async (name: string) => (await import('./plugins-new.js')).runNew(context, name));
}

function addFolderOptions(command: Command): Command {
  return addDataOption(command).option(
    '--plugin-dir <dir>',
    'where plugins are installed (default: $PANAL_PLUGIN_DIR, else plugins in the data folder)',
  );
}
