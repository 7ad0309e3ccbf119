import { definePlugin, type PluginManifest } from '@panal/plugin-api';
import { type LogFields, type Logger, ManualClock, SeededRandom, silentLogger } from '@panal/runtime';
import { PluginHost, type PluginHostOptions } from './plugin-host.js';

/** A plugin as if it had been loaded from /plugins/node_modules/NAME. */
function loaded(manifest: Partial<PluginManifest> & { readonly name: string }) {
  const whole = definePlugin({ apiVersion: 1, contributes: {}, ...manifest });
  return {
    manifest: whole,
    packageName: manifest.name,
    version: '1.0.0',
    folder: `/plugins/node_modules/${manifest.name}`,
  };
}

/** What a host writes into the log, and a clock to move. */
function makeWorld() {
  const clock = new ManualClock();
  const lines: { readonly message: string; readonly fields: LogFields }[] = [];
  const note = (message: string, fields: LogFields = {}) => void lines.push({ message, fields });
  const logger: Logger = { ...silentLogger, info: note, warn: note, error: note };
  return { clock, lines, ports: { clock, timers: clock, random: new SeededRandom(7), logger } };
}

export function makeHost(
  plugins: readonly (Partial<PluginManifest> & { readonly name: string })[],
  changes: Partial<PluginHostOptions> = {},
) {
  const world = makeWorld();
  const options = { server: 'tracker', serverName: 't1', folder: '/plugins', ports: world.ports } as const;
  return { ...world, host: new PluginHost({ ...options, plugins: plugins.map(loaded), ...changes }) };
}
