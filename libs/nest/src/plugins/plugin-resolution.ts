import module from 'node:module';

/** Where imports of plugins go. Sent to another thread on Node 20, so it is plain data. */
export interface PluginRoads {
  /** URL of a file of the host: what plugins take from the host is found from there. */
  readonly hostUrl: string;
  /** URL of a file in the folder that plugins are installed in: they are found from there. */
  readonly pluginsUrl: string;
  /** URLs of folders, ending in `/`, in which files are a plugin's. */
  readonly pluginFolders: readonly string[];
  readonly hostPackages: readonly string[];
}

/** `import('panal-plugin:NAME')` is the package NAME as the plugin folder has it. */
const PLUGIN_SCHEME = 'panal-plugin:';

/** From where an import has to be resolved, if not from where it stands. */
export function redirected(
  specifier: string,
  parentUrl: string | undefined,
  { hostUrl, pluginsUrl, pluginFolders, hostPackages }: PluginRoads,
): { readonly specifier: string; readonly parentURL: string } | undefined {
  if (specifier.startsWith(PLUGIN_SCHEME)) {
    return { specifier: specifier.slice(PLUGIN_SCHEME.length), parentURL: pluginsUrl };
  }
  const isHosts = hostPackages.some((name) => specifier === name || specifier.startsWith(`${name}/`));
  if (!isHosts || !pluginFolders.some((folder) => parentUrl?.startsWith(folder))) return undefined;
  return { specifier, parentURL: hostUrl };
}

/** How plugins come into the process. */
export interface PluginDoor {
  /** From now on plugins find the host's packages. There is no way back, and none is needed: plugins are loaded once. */
  open(roads: PluginRoads): void;
  /** What a package exports. */
  enter(packageName: string): Promise<unknown>;
}

export const nodeDoor: PluginDoor = {
  open: buildRoads,
  enter: (packageName) => import(`${PLUGIN_SCHEME}${packageName}`),
};

/** Newer than the oldest Node we run on, where hooks live in a thread of their own. */
interface SynchronousHooks {
  registerHooks?(hooks: {
    resolve(
      specifier: string,
      context: { readonly parentURL?: string },
      next: (specifier: string, context: object) => unknown,
    ): unknown;
  }): unknown;
}

function buildRoads(roads: PluginRoads): void {
  const hooks = module as typeof module & SynchronousHooks;
  if (hooks.registerHooks === undefined) {
    module.register(new URL('./plugin-resolution.hooks.js', import.meta.url), { data: roads });
    return;
  }
  hooks.registerHooks({
    resolve: (specifier, context, next) => {
      const road = redirected(specifier, context.parentURL, roads);
      return road === undefined
        ? next(specifier, context)
        : next(road.specifier, { ...context, parentURL: road.parentURL });
    },
  });
}
