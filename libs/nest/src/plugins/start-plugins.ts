import { realpathSync } from 'node:fs';
import type { PluginServer } from '@panal/plugin-api';
import { loadPlugins } from './load-plugins.js';
import type { ServerPorts } from './make-context.js';
import { PluginHost } from './plugin-host.js';

export interface StartPluginsOptions {
  readonly server: PluginServer;
  readonly serverName: string;
  /** What `--plugin` and PANAL_PLUGINS name. */
  readonly packages: readonly string[];
  /** Where they are installed. */
  readonly folder: string;
  readonly ports: ServerPorts;
}

/** Imported only where there are plugins. */
export async function startPlugins(options: StartPluginsOptions): Promise<PluginHost> {
  const { server, serverName, packages, folder, ports } = options;
  const plugins = await loadPlugins({ packages, folder, timers: ports.timers });
  for (const { manifest, packageName, version } of plugins) {
    ports.logger.info('Plugin loaded', { plugin: manifest.name, package: packageName, version });
  }
  return new PluginHost({ server, serverName, plugins, folder: realpathSync(folder), ports });
}
