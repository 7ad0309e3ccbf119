import { PanalError } from '@panal/runtime';

/** A package that is to be loaded is not installed. */
export class PluginNotFoundError extends PanalError {
  constructor(packageName: string, folder: string) {
    super({
      code: 'plugin_not_found',
      message: `There is no package "${packageName}" in ${folder}.`,
      action: `Install it with "npm install --prefix ${folder} --legacy-peer-deps PACKAGE.tgz", or take it out of PANAL_PLUGINS.`,
      retryable: false,
    });
  }
}

/** A package is no plugin as the host expects it, or does what no plugin may. */
export class PluginInvalidError extends PanalError {
  constructor(plugin: string, fault: string, { action, cause }: { action?: string; cause?: unknown } = {}) {
    super({
      code: 'plugin_invalid',
      message: `The plugin "${plugin}" cannot be used: ${fault}.`,
      action: action ?? 'Correct the plugin (docs/plugins.md), or take it out of PANAL_PLUGINS.',
      retryable: false,
      cause,
    });
  }
}

/** A plugin brings its own copy of a package that has to be the host's. */
export class PluginSecondCopyError extends PanalError {
  constructor(plugin: string, { name, folder, hostFolder }: { name: string; folder: string; hostFolder: string }) {
    super({
      code: 'plugin_second_copy',
      message: `The plugin "${plugin}" would load a second copy of ${name}, from ${folder}; the host's is ${hostFolder}. With two copies validation and injection fail silently.`,
      action: `Make ${name} a peer dependency of the plugin, and install it with "npm install --legacy-peer-deps" into a folder without ${name}.`,
      retryable: false,
    });
  }
}

/** Two plugins claim what only one can have. */
export class PluginConflictError extends PanalError {
  constructor(what: string, first: string, second: string) {
    super({
      code: 'plugin_conflict',
      message: `The plugins "${first}" and "${second}" both claim ${what}.`,
      action: 'Take one of them out of PANAL_PLUGINS.',
      retryable: false,
    });
  }
}

/** A plugin needs another one that is not loaded. */
export class PluginRequirementError extends PanalError {
  constructor(plugin: string, requirement: string) {
    super({
      code: 'plugin_requirement_missing',
      message: `The plugin "${plugin}" needs the plugin "${requirement}", which is not loaded.`,
      action: `Add the package of "${requirement}" to PANAL_PLUGINS.`,
      retryable: false,
    });
  }
}

/** A plugin threw, or gave back what makes no sense. */
export class PluginFailedError extends PanalError {
  constructor(
    readonly plugin: string,
    place: string,
    { fault = 'it threw an error', cause }: { fault?: string; cause?: unknown } = {},
  ) {
    super({
      code: 'plugin_failed',
      message: `The plugin "${plugin}" failed at ${place}: ${fault}.`,
      action: 'Look at the log of this server for the plugin; report it to whoever makes the plugin.',
      retryable: false,
      cause,
    });
  }
}

/** A plugin did not answer in time. */
export class PluginTimeoutError extends PanalError {
  constructor(
    readonly plugin: string,
    place: string,
    timeoutMs: number,
  ) {
    super({
      code: 'plugin_timeout',
      message: `The plugin "${plugin}" did not answer at ${place} within ${timeoutMs} ms.`,
      action: 'Try again; if it repeats, look at the health of this server and at what the plugin waits for.',
      retryable: true,
    });
  }
}

/** Too many calls of one plugin have not been answered. */
export class PluginBusyError extends PanalError {
  constructor(plugin: string, place: string, callsMax: number) {
    super({
      code: 'plugin_busy',
      message: `The plugin "${plugin}" has not answered ${callsMax} earlier calls at ${place}.`,
      action: 'Try again later; if it repeats, look at what the plugin waits for.',
      retryable: true,
    });
  }
}
