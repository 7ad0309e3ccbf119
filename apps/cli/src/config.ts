import { homedir } from 'node:os';
import path from 'node:path';

/** What the command line takes from its environment. Nothing else of Panal's command line reads `process.env`. */
export interface CliConfig {
  /** Where the local peer, and the cluster of `panal up`, keep their data. `PANAL_DATA`, default `~/.panal`. */
  readonly dataDir: string;
  /** False when `NO_COLOR` is set or the terminal is dumb. */
  readonly isColorAllowed: boolean;
  /** False on a terminal that cannot move its cursor. */
  readonly isBarAllowed: boolean;
  /** The environment says on which data port a peer has to be; another free one would not do. */
  readonly isPeerListenNamed: boolean;
  /** And so for the port of its REST interface. */
  readonly isPeerApiNamed: boolean;
  /** The environment names the peer. */
  readonly isPeerNamed: boolean;
  /** Packages of plugins that servers started from here would load. `PANAL_PLUGINS`, separated by commas. */
  readonly plugins: readonly string[];
  /** Where plugins are installed. `PANAL_PLUGIN_DIR`, default `plugins` in the data folder. */
  readonly pluginDir: string | undefined;
  /** The environment without Panal's own variables: what is meant for one server must not reach six. */
  readonly serverEnvironment: NodeJS.ProcessEnv;
}

/**
 * Reads the environment.
 * `PANAL_DATA`: the data folder, default `~/.panal`. `NO_COLOR`: any text switches colours off (https://no-color.org).
 */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): CliConfig {
  const homeDir = environment.HOME || homedir();
  return {
    dataDir: path.resolve(environment.PANAL_DATA || path.join(homeDir, '.panal')),
    isColorAllowed: (environment.NO_COLOR ?? '') === '' && environment.TERM !== 'dumb',
    isBarAllowed: environment.TERM !== 'dumb',
    isPeerNamed: Boolean(environment.PANAL_NAME),
    isPeerListenNamed: Boolean(environment.PANAL_LISTEN),
    isPeerApiNamed: Boolean(environment.PANAL_API),
    plugins: (environment.PANAL_PLUGINS ?? '').split(',').flatMap((name) => name.trim() || []),
    pluginDir: environment.PANAL_PLUGIN_DIR || undefined,
    serverEnvironment: Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('PANAL_'))),
  };
}
