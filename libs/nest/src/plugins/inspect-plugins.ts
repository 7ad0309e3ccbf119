import type { CheckedCase } from './check-plugin.js';
import type { LoadedPlugin } from './load-plugins.js';
import type { ServerPorts } from './make-context.js';

/** A plugin as it was found, for people. */
export interface PluginSummary {
  readonly packageName: string;
  readonly name: string;
  readonly version: string;
  readonly requires: readonly string[];
  /** One line each. */
  readonly contributes: readonly string[];
}

export interface InspectOptions {
  readonly packageName: string;
  /** Where plugins are installed. */
  readonly folder: string;
  readonly ports: ServerPorts;
}

/** Loads a plugin and says what it brings. @throws PanalError: why it cannot be loaded */
export async function describePlugin(options: InspectOptions): Promise<PluginSummary> {
  return summaryOf(await load(options));
}

/** Loads a plugin and runs against it what can be run without a server. @throws PanalError: why it cannot be loaded */
export async function inspectPlugin(
  options: InspectOptions,
): Promise<{ readonly summary: PluginSummary; readonly cases: readonly CheckedCase[] }> {
  const plugin = await load(options);
  const { checkPlugin } = await import('./check-plugin.js');
  return { summary: await summaryOf(plugin), cases: await checkPlugin(plugin, options.ports) };
}

async function load({ packageName, folder, ports }: InspectOptions): Promise<LoadedPlugin> {
  // Imported only here: a server without plugins has no use for any of it.
  const { loadPlugins } = await import('./load-plugins.js');
  const [plugin] = await loadPlugins({ packages: [packageName], folder, timers: ports.timers });
  return plugin as LoadedPlugin;
}

async function summaryOf({ manifest, packageName, version }: LoadedPlugin): Promise<PluginSummary> {
  const { describeContributions } = await import('./manifest-check.js');
  const { name, requires = [] } = manifest;
  return { packageName, name, version, requires, contributes: describeContributions(manifest) };
}
