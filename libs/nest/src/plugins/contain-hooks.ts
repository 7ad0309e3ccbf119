import { PLUGIN_START_MS, PLUGIN_STOP_MS } from './plugin-limits.js';
import type { PluginWatch } from './plugin-watch.js';

const START_HOOKS = ['onModuleInit', 'onApplicationBootstrap'];
const STOP_HOOKS = ['onModuleDestroy', 'beforeApplicationShutdown', 'onApplicationShutdown'];

type Hook = (...args: readonly unknown[]) => unknown;

/**
 * Puts the watch before Nest's hooks of one instance. One that fails at the start keeps the server from starting, with the
 * plugin's name; one that fails at the stop keeps nothing. None is waited for without end.
 */
export function containHooks(instance: unknown, watch: PluginWatch): void {
  if (typeof instance !== 'object' || instance === null || Object.isFrozen(instance)) return;
  const target = instance as Record<string, unknown>;
  for (const name of START_HOOKS) {
    const hook = target[name];
    if (typeof hook === 'function') target[name] = startHook(hook.bind(instance) as Hook, name, watch);
  }
  for (const name of STOP_HOOKS) {
    const hook = target[name];
    if (typeof hook === 'function') target[name] = stopHook(hook.bind(instance) as Hook, name, watch);
  }
}

/** Nest calls these twice in a hybrid application: once for HTTP, once for the transport that is initialised later. */
function startHook(hook: Hook, name: string, watch: PluginWatch): Hook {
  let started: Promise<unknown> | undefined;
  return () => {
    started ??= watch.answer(name, { call: () => hook(), timeoutMs: PLUGIN_START_MS });
    return started;
  };
}

function stopHook(hook: Hook, name: string, watch: PluginWatch): Hook {
  // The watch has noted and logged what went wrong.
  return (...args) =>
    watch.answer(name, { call: () => hook(...args), timeoutMs: PLUGIN_STOP_MS }).catch(() => undefined);
}
