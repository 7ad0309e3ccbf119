// Runs in Node's thread for module hooks, by `module.register`.
import type { InitializeHook, ResolveHook } from 'node:module';
import { type PluginRoads, redirected } from './plugin-resolution.js';

let roads: PluginRoads | undefined;

export const initialize: InitializeHook<PluginRoads> = (data) => {
  roads = data;
};

export const resolve: ResolveHook = (specifier, context, next) => {
  const road = roads === undefined ? undefined : redirected(specifier, context.parentURL, roads);
  return road === undefined
    ? next(specifier, context)
    : next(road.specifier, { ...context, parentURL: road.parentURL });
};
