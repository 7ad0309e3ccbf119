import type { CanActivate, Type } from '@nestjs/common';
import { GUARDS_METADATA, PATH_METADATA } from '@nestjs/common/internal';
import { type ModulesContainer } from '@nestjs/core';
import { PATTERN_METADATA } from '@nestjs/microservices/constants';
import type { PluginServer } from '@panal/plugin-api';
import { containHooks } from './contain-hooks.js';
import { containedHandler, type Handler } from './contained-handler.js';
import { PluginInvalidError } from './plugin-errors.js';
import type { PluginWatch } from './plugin-watch.js';

type NestModule = ModulesContainer extends Map<string, infer Module> ? Module : never;

export interface ContainModuleOptions {
  readonly container: ModulesContainer;
  /** The class from the plugin's manifest. */
  readonly root: Type<unknown>;
  readonly server: PluginServer;
  readonly watch: PluginWatch;
  /** Stands before every route of the plugin. */
  readonly guard?: CanActivate;
}

/**
 * Checks what a plugin's module brings, and puts the watch before its handlers and hooks. After Nest has made the instances,
 * and before it looks for handlers.
 * @throws PluginInvalidError
 */
export function containModule({ container, root, server, watch, guard }: ContainModuleOptions): void {
  for (const module of modulesBelow(root, container)) {
    refuseGlobals(module, watch.plugin);
    for (const { metatype } of module.controllers.values()) {
      if (typeof metatype === 'function') containController(metatype as Type<unknown>, { server, watch, guard });
    }
    for (const wrapper of [...module.providers.values(), ...module.controllers.values()]) {
      if (wrapper.isDependencyTreeStatic() && !wrapper.isTransient) containHooks(wrapper.instance, watch);
    }
  }
}

/** The plugin's module and those it imports. Modules of the host cannot be among them: a plugin has no way to name them. */
function modulesBelow(root: Type<unknown>, container: ModulesContainer): ReadonlySet<NestModule> {
  const below = new Set([...container.values()].filter(({ metatype }) => metatype === root));
  for (const module of below) {
    for (const imported of module.imports) if (imported.name !== 'InternalCoreModule') below.add(imported);
  }
  return below;
}

const GLOBAL_PROVIDER = /^APP_(GUARD|PIPE|FILTER|INTERCEPTOR)\b/;

function refuseGlobals({ isGlobal, name, providers, injectables, instance }: NestModule, plugin: string): void {
  if (isGlobal) throw new PluginInvalidError(plugin, `its module ${name} is @Global()`);
  if (typeof instance?.configure === 'function') {
    throw new PluginInvalidError(
      plugin,
      `its module ${name} installs middleware, which would reach the server's own routes`,
    );
  }
  for (const token of [...providers.keys(), ...injectables.keys()]) {
    const [found] = (typeof token === 'string' ? GLOBAL_PROVIDER.exec(token) : null) ?? [];
    if (found !== undefined)
      throw new PluginInvalidError(
        plugin,
        `its module ${name} provides ${found}, which would be applied to the server's own messages`,
      );
  }
}

type ContainControllerOptions = Pick<ContainModuleOptions, 'server' | 'watch' | 'guard'>;

/** Classes whose handlers are contained: two servers in one process load the same plugin once. */
const contained = new WeakMap<Type<unknown>, PluginWatch>();

function containController(controller: Type<unknown>, { server, watch, guard }: ContainControllerOptions): void {
  const prototype = controller.prototype as Record<string, unknown>;
  const routePaths = [Reflect.getMetadata(PATH_METADATA, controller) ?? ''].flat() as string[];
  const isKnown = contained.has(controller);
  for (const [name, handler] of handlersOf(prototype)) {
    const patterns = [Reflect.getMetadata(PATTERN_METADATA, handler) ?? []].flat() as unknown[];
    const route = Reflect.getMetadata(PATH_METADATA, handler) as string | readonly string[] | undefined;
    if (patterns.length > 0) checkPatterns(patterns, server, watch.plugin);
    if (route !== undefined) checkPaths(routePaths, server, watch.plugin);
    if (isKnown) continue;
    const kind = route === undefined ? 'message' : 'route';
    const place =
      route === undefined
        ? String(patterns[0])
        : [routePaths[0], ...[route].flat().slice(0, 1)].join('/').replaceAll(/\/+/g, '/');
    replace(prototype, name, containedHandler(handler, { watch, place, kind }));
  }
  if (isKnown) return;
  contained.set(controller, watch);
  if (guard === undefined) return;
  const own = (Reflect.getMetadata(GUARDS_METADATA, controller) ?? []) as readonly unknown[];
  Reflect.defineMetadata(GUARDS_METADATA, [guard, ...own], controller);
}

function checkPatterns(patterns: readonly unknown[], server: PluginServer, plugin: string): void {
  if (server !== 'tracker')
    throw new PluginInvalidError(plugin, `it handles messages in a ${server}, which takes none`);
  const foreign = patterns.find((pattern) => typeof pattern !== 'string' || !isOwnPattern(pattern, plugin));
  if (foreign === undefined) return;
  throw new PluginInvalidError(
    plugin,
    `it handles the message ${JSON.stringify(foreign)}; its own are plugin.${plugin}.COMMAND`,
  );
}

function isOwnPattern(pattern: string, plugin: string): boolean {
  const prefix = `plugin.${plugin}.`;
  return pattern.startsWith(prefix) && /^[a-z][A-Za-z0-9_-]{0,31}$/.test(pattern.slice(prefix.length));
}

function checkPaths(paths: readonly string[], server: PluginServer, plugin: string): void {
  if (server !== 'peer')
    throw new PluginInvalidError(plugin, `it adds routes to a ${server}, which has no API with a token`);
  const own = `plugins/${plugin}`;
  const foreign = paths
    .map((path) => path.replace(/^\/+/, ''))
    .find((path) => path !== own && !path.startsWith(`${own}/`));
  if (foreign === undefined) return;
  throw new PluginInvalidError(
    plugin,
    `it has a controller for "/${foreign}"; its own are @Controller('${own}') and below`,
  );
}

/** Methods with a route or a pattern, those of base classes too. */
function handlersOf(prototype: object): ReadonlyMap<string, Handler> {
  const handlers = new Map<string, Handler>();
  for (let at = prototype; at !== Object.prototype; at = Object.getPrototypeOf(at) as object) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (typeof value !== 'function' || handlers.has(name) || name === 'constructor') continue;
      if (Reflect.hasMetadata(PATTERN_METADATA, value) || Reflect.hasMetadata(PATH_METADATA, value))
        handlers.set(name, value as Handler);
    }
  }
  return handlers;
}

/** Nest finds what decorators said of a method at the function itself. */
function replace(prototype: Record<string, unknown>, name: string, handler: Handler): void {
  const original = prototype[name] as Handler;
  for (const key of Reflect.getMetadataKeys(original) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getMetadata(key, original), handler);
  }
  Object.defineProperty(handler, 'name', { value: original.name });
  Object.defineProperty(handler, 'length', { value: original.length });
  Object.defineProperty(prototype, name, { value: handler, writable: true, configurable: true });
}
