import { formatAddress, type HostPort, ReportedError, type Timers } from '@panal/runtime';
import { RpcAbortedError, RpcTimeoutError } from './errors.js';
import type { FailedAnswer } from './tracker-set-gather.js';

/** How one question to a cluster ended. */
export type Outcome<T, R> =
  | {
      readonly kind: 'answered';
      readonly target: T;
      readonly reply: R;
      /** Before anyone else had to be asked for its silence. */
      readonly isPrompt: boolean;
    }
  /** The cluster's answer is no: any other tracker would say the same. */
  | { readonly kind: 'refused'; readonly error: ReportedError }
  | { readonly kind: 'failed'; readonly failures: readonly FailedAnswer[] };

/** What is asked for when one more tracker is to be asked. */
export interface NextWanted<T> {
  readonly asked: ReadonlySet<T>;
  /** 0: the first one, or one in place of another that failed. Else how many hedges ago somebody was last asked. */
  readonly silentSteps: number;
}

export interface FailoverOptions<T> {
  readonly timers: Timers;
  readonly pattern: string;
  /** Silence after which one more is asked, in ms. */
  readonly hedgeMs: number;
  /** All of it, answered or given up, in ms. */
  readonly timeoutMs: number;
  /** Asked at a time. */
  readonly openMax: number;
  /** Who is asked next; undefined: nobody now. Never one of those that were asked. */
  next(wanted: NextWanted<T>): T | undefined;
  /** One that was asked let `hedgeMs` pass. Once for each. */
  onSilent(target: T): void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Puts one question to one tracker, at once to another when that one fails, and after `hedgeMs` of silence to another as well.
 * The first good answer wins, and the others are told that nobody waits for theirs. The question must be one that may be
 * answered twice.
 * @throws RpcAbortedError when `signal` aborts
 */
export function askInTurn<T extends { readonly address: HostPort }, R>(
  ask: (target: T, signal: AbortSignal) => Promise<R>,
  options: FailoverOptions<T>,
): Promise<Outcome<T, R>> {
  const { timers, pattern, hedgeMs, timeoutMs, openMax, signal } = options;
  return new Promise((resolve, reject) => {
    const abandon = new AbortController();
    const asked = new Set<T>();
    const open = new Set<T>();
    const silent = new Set<T>();
    const failures: FailedAnswer[] = [];
    let silentSteps = 0;
    let isOver = false;
    let cancelHedge = (): void => undefined;

    const end = (): void => {
      isOver = true;
      cancelHedge();
      cancelTimeout();
      signal?.removeEventListener('abort', onAbort);
      abandon.abort();
    };
    const finish = (outcome: Outcome<T, R>): void => {
      if (isOver) return;
      end();
      resolve(outcome);
    };
    const onAbort = (): void => {
      end();
      reject(new RpcAbortedError(pattern, signal?.reason));
    };
    const onTimeout = (): void => {
      const late = [...open].map(({ address }) => failed(address, new RpcTimeoutError(address, pattern, timeoutMs)));
      finish({ kind: 'failed', failures: [...failures, ...late] });
    };
    const onSilence = (): void => {
      silentSteps += 1;
      for (const target of open) {
        if (silent.has(target)) continue;
        silent.add(target);
        options.onSilent(target);
      }
      if (!askNext()) armHedge();
    };
    const armHedge = (): void => {
      cancelHedge();
      cancelHedge = timers.after(hedgeMs, onSilence);
    };
    const onFailure = (target: T, error: unknown): void => {
      if (isOver) return;
      open.delete(target);
      if (error instanceof ReportedError && !error.retryable) return finish({ kind: 'refused', error });
      failures.push(failed(target.address, error));
      silentSteps = 0;
      if (!askNext() && open.size === 0) finish({ kind: 'failed', failures });
    };
    const askNext = (): boolean => {
      const target = open.size < openMax ? options.next({ asked, silentSteps }) : undefined;
      if (target === undefined) return false;
      asked.add(target);
      open.add(target);
      silentSteps = 0;
      armHedge();
      ask(target, abandon.signal).then(
        (reply) => finish({ kind: 'answered', target, reply, isPrompt: !silent.has(target) }),
        (error: unknown) => onFailure(target, error),
      );
      return true;
    };

    const cancelTimeout = timers.after(timeoutMs, onTimeout);
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted === true) onAbort();
    else if (!askNext()) finish({ kind: 'failed', failures });
  });
}

function failed(address: HostPort, error: unknown): FailedAnswer {
  return { kind: 'failed', address: formatAddress(address), error };
}
