import { type Clock, formatAddress, type HostPort, type Timers } from '@panal/runtime';
import { RpcAbortedError, RpcTimeoutError } from './errors.js';

/** What one tracker said, or why it said nothing. */
export type TrackerAnswer<R> =
  | { readonly kind: 'answered'; readonly address: string; readonly reply: R }
  | FailedAnswer;

export interface FailedAnswer {
  readonly kind: 'failed';
  readonly address: string;
  readonly error: unknown;
}

export interface GatherOptions<R> {
  readonly timers: Timers;
  readonly clock: Clock;
  readonly pattern: string;
  /** All are given up after so long, in ms. */
  readonly timeoutMs: number;
  /** Once an answer `isUseful`, the others get so long to add theirs, in ms. */
  readonly graceMs: number;
  isUseful(reply: R): boolean;
  /** Whether one useful answer is enough: then there is no grace. */
  readonly isFirstEnough?: boolean;
  /** Whether a question still open at the end is taken back; one that changes something goes on in the background. */
  readonly isAbandonedAtEnd: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks all of `targets` at once. Resolves when all have answered or failed, `graceMs` after the first useful answer, or after
 * `timeoutMs`, whichever is first: a slow tracker delays nobody by more. Who was not heard by then has failed with
 * `rpc_timeout`.
 * @returns One answer per target, in their order.
 * @throws RpcAbortedError when `signal` aborts
 */
export function gather<T extends { readonly address: HostPort }, R>(
  targets: readonly T[],
  ask: (target: T, signal: AbortSignal) => Promise<R>,
  options: GatherOptions<R>,
): Promise<TrackerAnswer<R>[]> {
  const { timers, clock, pattern, timeoutMs, graceMs, signal } = options;
  const startMs = clock.monotonicMs();
  return new Promise((resolve, reject) => {
    const abandon = new AbortController();
    const answers = new Map<T, TrackerAnswer<R>>();
    let isOver = false;
    const end = (): void => {
      isOver = true;
      cancelTimeout();
      cancelGrace?.();
      signal?.removeEventListener('abort', onAbort);
    };
    const finish = (): void => {
      end();
      if (options.isAbandonedAtEnd) abandon.abort();
      const waitedMs = Math.round(clock.monotonicMs() - startMs);
      resolve(targets.map((target) => answers.get(target) ?? silent(target.address, pattern, waitedMs)));
    };
    const onAbort = (): void => {
      end();
      abandon.abort();
      reject(new RpcAbortedError(pattern, signal?.reason));
    };
    const cancelTimeout = timers.after(timeoutMs, finish);
    let cancelGrace: (() => void) | undefined;
    const settle = (target: T, answer: TrackerAnswer<R>): void => {
      if (isOver) return;
      answers.set(target, answer);
      const isUseful = answer.kind === 'answered' && options.isUseful(answer.reply);
      if (answers.size === targets.length || (isUseful && options.isFirstEnough === true)) finish();
      else if (isUseful) cancelGrace ??= timers.after(graceMs, finish);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted === true) onAbort();
    else if (targets.length === 0) finish();
    else {
      for (const target of targets) {
        const address = formatAddress(target.address);
        ask(target, abandon.signal).then(
          (reply) => settle(target, { kind: 'answered', address, reply }),
          (error: unknown) => settle(target, { kind: 'failed', address, error }),
        );
      }
    }
  });
}

function silent(address: HostPort, pattern: string, waitedMs: number): TrackerAnswer<never> {
  return { kind: 'failed', address: formatAddress(address), error: new RpcTimeoutError(address, pattern, waitedMs) };
}
