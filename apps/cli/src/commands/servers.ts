import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import { FileError } from '../errors.js';
import type { Installation, ServerRole } from '../installation.js';

const SUMMARIES: Record<ServerRole, string> = {
  tracker: 'run a tracker in this process',
  peer: 'run a peer in this process',
};

export function isServerRole(text: string | undefined): text is ServerRole {
  return text === 'tracker' || text === 'peer';
}

/** For `panal --help` only: the servers read their own flags, see `runServer`. */
export function addServerCommand(program: Command, role: ServerRole): void {
  program.command(role, { hidden: false }).usage('[options]').summary(SUMMARIES[role]).description(SUMMARIES[role]);
}

/**
 * Becomes a tracker or peer. The entry is loaded by its path: an app imports no other app, and a user of `panal get` does
 * not wait for the framework of the servers.
 */
export async function runServer(installation: Installation, role: ServerRole, args: readonly string[]): Promise<void> {
  const entry = installation.serverEntry(role);
  if (!existsSync(entry))
    throw new FileError(`The ${role} is not built: there is no ${entry}.`, 'Run `npm run build`.');
  process.argv = [process.execPath, entry, ...args];
  await import(pathToFileURL(entry).href);
}
