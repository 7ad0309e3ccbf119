import type { PluginManifest, SinglePorts } from '@panal/plugin-api';
import { SINGLE_PORTS, schedulersOf } from './manifest-check.js';
import { PluginConflictError, PluginRequirementError } from './plugin-errors.js';

/** The manifests that are loaded together, checked against each other. */
export class PluginSet {
  /** Who claims what only one can have, by what it is called in an error. */
  readonly #claims = new Map<string, string>();

  /** @throws PluginConflictError, PluginRequirementError */
  constructor(readonly manifests: readonly PluginManifest[]) {
    for (const manifest of manifests) this.#claimAll(manifest);
    for (const { name, requires = [] } of manifests) {
      const missing = requires.find((requirement) => !manifests.some((other) => other.name === requirement));
      if (missing !== undefined) throw new PluginRequirementError(name, missing);
    }
  }

  /** The plugin that takes a port. */
  holderOf(port: keyof SinglePorts): PluginManifest | undefined {
    return this.manifests.find(({ contributes }) => contributes[port] !== undefined);
  }

  #claimAll({ name, contributes }: PluginManifest): void {
    this.#claim(`the name "${name}"`, name);
    for (const port of SINGLE_PORTS) if (contributes[port] !== undefined) this.#claim(`the port ${port}`, name);
    for (const scheduler of schedulersOf(contributes)) this.#claim(`the chunk scheduler "${scheduler.name}"`, name);
  }

  #claim(what: string, plugin: string): void {
    const holder = this.#claims.get(what);
    if (holder !== undefined) throw new PluginConflictError(what, holder, plugin);
    this.#claims.set(what, plugin);
  }
}
