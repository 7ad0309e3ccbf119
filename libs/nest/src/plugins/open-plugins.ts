import { PluginInvalidError } from './plugin-errors.js';
import type { PluginHost } from './plugin-host.js';
import type { StartPluginsOptions } from './start-plugins.js';

export interface OpenPluginsOptions extends Omit<StartPluginsOptions, 'folder'> {
  /** Where they are installed; undefined when nobody said, and there is no data folder. */
  readonly folder: string | undefined;
}

/**
 * Loads the plugins of a server. Without any nothing is loaded: neither them nor what watches over them.
 * @throws PanalError: why the server must not start with these plugins
 */
export async function openPlugins(options: OpenPluginsOptions): Promise<PluginHost | undefined> {
  const { packages, folder } = options;
  if (packages.length === 0) return undefined;
  if (folder === undefined) {
    throw new PluginInvalidError(packages[0] as string, 'nobody said where plugins are installed', {
      action: 'Give the folder with --plugin-dir DIR, or a data folder with --data DIR.',
    });
  }
  const { startPlugins } = await import('./start-plugins.js');
  return startPlugins({ ...options, folder });
}
