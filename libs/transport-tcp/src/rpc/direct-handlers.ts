import type { ArgumentMetadata, ExceptionFilter, INestMicroservice, PipeTransform, Type } from '@nestjs/common';
import {
  EXCEPTION_FILTERS_METADATA,
  FILTER_CATCH_EXCEPTIONS,
  GUARDS_METADATA,
  INTERCEPTORS_METADATA,
  PARAMTYPES_METADATA,
  PIPES_METADATA,
  ROUTE_ARGS_METADATA,
} from '@nestjs/common/internal';
import type { ApplicationConfig } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/internal';
import { DtoPipe } from './dto-pipe.js';
import type { RpcContext } from './rpc-context.js';

/** A message handler as the transport calls it. It returns an answer, a promise of one or an Observable, or throws. */
export type DirectHandler = (data: unknown, context: RpcContext) => unknown;

interface Param {
  readonly index: number;
  /** Undefined: the parameter is the context. */
  readonly metadata: ArgumentMetadata | undefined;
}

/** Where Nest's decorators leave what goes around a method; each may be on the class as well. */
const WRAPPINGS = [GUARDS_METADATA, INTERCEPTORS_METADATA, PIPES_METADATA, EXCEPTION_FILTERS_METADATA];
const PATTERNS = 'microservices:pattern';
/** Nest's kinds of handler, and of its parameters, by number: it exports neither. */
const HANDLER_KIND = 'microservices:handler_type';
const MESSAGE_HANDLER = 1;
const PAYLOAD = 3;
const CONTEXT = 6;

/**
 * The message handlers of a controller that have nothing around them but the microservice's `DtoPipe` and its one filter, by
 * pattern: called with these two alone they do what they do in Nest's hands, without its dozen promises and arrays for each
 * message. What has more around it, a guard above all, is not in the result and stays Nest's; so does everything where this
 * does not understand what it finds.
 * @param microservice With its pipes, filters, guards and interceptors installed.
 */
export function directHandlersOf(
  microservice: INestMicroservice,
  controller: object,
): ReadonlyMap<string, DirectHandler> {
  const handlers = new Map<string, DirectHandler>();
  const around = globalsOf(microservice);
  const type = controller.constructor as Type;
  if (around === undefined || isWrapped(type)) return handlers;
  for (const name of Object.getOwnPropertyNames(type.prototype)) {
    const method: unknown = Object.getOwnPropertyDescriptor(type.prototype, name)?.value;
    if (typeof method !== 'function' || name === 'constructor' || isWrapped(method)) continue;
    const patterns = messagePatternsOf(method);
    const params = paramsOf(type, name);
    if (patterns.length === 0 || params === undefined) continue;
    const call = (data: unknown, context: RpcContext): unknown => {
      const args: unknown[] = [undefined, undefined];
      for (const { index, metadata } of params) {
        args[index] = metadata === undefined ? context : around.pipe.transform(data, metadata);
      }
      return Reflect.apply(method, controller, args);
    };
    for (const pattern of patterns) handlers.set(pattern, withFilter(call, around.filter));
  }
  return handlers;
}

/** What goes around every handler; undefined if that is more than one `DtoPipe` and one filter that catches everything. */
function globalsOf(microservice: INestMicroservice): { pipe: PipeTransform; filter: ExceptionFilter } | undefined {
  const config: unknown = Reflect.get(microservice, 'applicationConfig');
  if (!isConfig(config)) return undefined;
  const others = [
    config.getGlobalGuards(),
    config.getGlobalInterceptors(),
    config.getGlobalPreRequestHooks(),
    config.getGlobalRequestGuards(),
    config.getGlobalRequestInterceptors(),
    config.getGlobalRequestPipes(),
    config.getGlobalRequestFilters(),
  ];
  const [pipe, ...morePipes] = config.getGlobalPipes();
  const [filter, ...moreFilters] = config.getGlobalFilters();
  if (!(pipe instanceof DtoPipe) || filter === undefined || !catchesAll(filter)) return undefined;
  return [...others, morePipes, moreFilters].some(({ length }) => length > 0) ? undefined : { pipe, filter };
}

function isConfig(value: unknown): value is ApplicationConfig {
  return typeof value === 'object' && value !== null && 'getGlobalPreRequestHooks' in value;
}

function catchesAll(filter: ExceptionFilter): boolean {
  const caught: unknown = metadataOf(FILTER_CATCH_EXCEPTIONS, filter.constructor);
  return Array.isArray(caught) && caught.length === 0;
}

function withFilter(call: DirectHandler, filter: ExceptionFilter): DirectHandler {
  const toFilter = filter.catch.bind(filter);
  const caught = (error: unknown, data: unknown, context: RpcContext): unknown => {
    const host = new ExecutionContextHost([data, context]);
    host.setType('rpc');
    return toFilter(error, host);
  };
  return (data, context) => {
    try {
      const result = call(data, context);
      return isPromise(result) ? result.then(undefined, (error: unknown) => caught(error, data, context)) : result;
    } catch (error) {
      return caught(error, data, context);
    }
  };
}

/** Also those of other realms. */
export function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

function isWrapped(target: object): boolean {
  return WRAPPINGS.some((key) => metadataOf(key, target) !== undefined);
}

function messagePatternsOf(method: object): string[] {
  if (metadataOf(HANDLER_KIND, method) !== MESSAGE_HANDLER) return [];
  const patterns: unknown = metadataOf(PATTERNS, method);
  return Array.isArray(patterns) ? patterns.filter((pattern) => typeof pattern === 'string') : [];
}

/** Undefined for parameters of any other sort than the whole payload and the context. */
function paramsOf(type: Type, name: string): readonly Param[] | undefined {
  // A method without decorated parameters gets nothing that anybody checked.
  const byKind: unknown = metadataOf(ROUTE_ARGS_METADATA, type, name) ?? {};
  const classes: unknown = metadataOf(PARAMTYPES_METADATA, type.prototype as object, name);
  if (typeof byKind !== 'object' || byKind === null || !Array.isArray(classes)) return undefined;
  const params: Param[] = [];
  for (const [key, { index, data, pipes }] of Object.entries(byKind as Readonly<Record<string, NestParam>>)) {
    const kind = Number(key.split(':')[0]);
    if (data !== undefined || pipes.length > 0 || index > 1 || (kind !== PAYLOAD && kind !== CONTEXT)) return undefined;
    const metadata = { type: 'body', metatype: classes[index] as Type, data } as const;
    params.push({ index, metadata: kind === PAYLOAD ? metadata : undefined });
  }
  return params;
}

interface NestParam {
  readonly index: number;
  readonly data: unknown;
  readonly pipes: readonly unknown[];
}

function metadataOf(key: string, target: object, property?: string): unknown {
  return property === undefined ? Reflect.getMetadata(key, target) : Reflect.getMetadata(key, target, property);
}
