import { newContext } from './command-context.js';
import { isServerRole, runServer } from './commands/servers.js';
import { readConfig } from './config.js';
import { EXIT_CODES } from './exit-code.js';
import { findInstallation } from './installation.js';
import { Interruption } from './interruption.js';
import { runCli } from './run-cli.js';
import { Terminal } from './terminal.js';

const [role, ...serverArgs] = process.argv.slice(2);
// `panal ls | head`: the reader has what it wanted.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? EXIT_CODES.ok : EXIT_CODES.failed),
);
if (isServerRole(role)) await runServer(findInstallation(), role, serverArgs);
else {
  const config = readConfig();
  const context = newContext({
    terminal: new Terminal(process.stdout, process.stderr, config),
    config,
    installation: findInstallation(),
    interruption: new Interruption(),
    cwd: process.cwd(),
  });
  context.interruption.onSecond(() => process.exit(EXIT_CODES.interrupted));
  process.exitCode = await runCli(context, process.argv.slice(2));
  context.interruption.release();
}
