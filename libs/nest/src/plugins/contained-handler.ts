import { HttpException, StreamableFile } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { PanalError } from '@panal/runtime';
import { encodeBody } from '@panal/wire';
import { catchError, isObservable, type Observable, throwError, timeout } from 'rxjs';
import { PluginFailedError, PluginTimeoutError } from './plugin-errors.js';
import { PLUGIN_CALL_MS } from './plugin-limits.js';
import type { PluginWatch } from './plugin-watch.js';

/** A method of a plugin's controller. */
export type Handler = (this: unknown, ...args: unknown[]) => unknown;

/** How an answer leaves: as a body of RPC, or as JSON. */
type HandlerKind = 'message' | 'route';

interface ContainOptions {
  readonly watch: PluginWatch;
  /** What people know the handler by, for example `plugin.example.count`. */
  readonly place: string;
  readonly kind: HandlerKind;
}

/** The same handler, which answers in time, with what can be sent, or fails with an error that names the plugin. */
export function containedHandler(handler: Handler, { watch, place, kind }: ContainOptions): Handler {
  return async function contained(this: unknown, ...args: unknown[]): Promise<unknown> {
    const answer = await watch.answer(place, {
      call: () => handler.apply(this, args),
      timeoutMs: PLUGIN_CALL_MS,
      isMeant,
    });
    if (isObservable(answer)) return containedStream(answer, watch, place);
    const cause = whyNotSendable(answer, kind);
    if (cause === undefined) return answer;
    const fault = 'what it answered cannot be sent';
    watch.fault(place, 'rubbish', { text: fault, error: cause });
    throw new PluginFailedError(watch.plugin, place, { fault, cause });
  };
}

function containedStream(values: Observable<unknown>, watch: PluginWatch, place: string): Observable<unknown> {
  const late = () => {
    watch.fault(place, 'timeout', { text: `no value within ${PLUGIN_CALL_MS} ms` });
    return throwError(() => new PluginTimeoutError(watch.plugin, place, PLUGIN_CALL_MS));
  };
  return values.pipe(
    timeout({ each: PLUGIN_CALL_MS, with: late }),
    catchError((cause: unknown) => {
      if (isMeant(cause)) return throwError(() => cause);
      watch.fault(place, 'error', { error: cause });
      return throwError(() => new PluginFailedError(watch.plugin, place, { cause }));
    }),
  );
}

/** What a plugin throws on purpose, for whoever asked: it goes out as it is. */
function isMeant(error: unknown): boolean {
  if (error instanceof PluginFailedError) return false;
  return error instanceof PanalError || error instanceof HttpException || error instanceof RpcException;
}

/** The answer is written twice this way; the messages of plugins are not the hot ones. */
function whyNotSendable(answer: unknown, kind: HandlerKind): unknown {
  if (answer === undefined || answer instanceof StreamableFile || answer instanceof Uint8Array) return undefined;
  try {
    if (kind === 'message') encodeBody(answer, 0);
    else if (JSON.stringify(answer) === undefined) return new TypeError('it is no JSON');
    return undefined;
  } catch (error) {
    return error;
  }
}
