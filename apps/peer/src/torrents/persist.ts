import { type ErrorReport, errorReport, type Timers } from '@panal/runtime';
import { RETRY_MS } from '../peer-limits.js';

interface PersistOptions<T> {
  readonly timers: Timers;
  readonly signal: AbortSignal;
  /** Told why the last attempt failed, and with null that one succeeded. */
  readonly onTrouble: (reason: ErrorReport | null) => void;
  /** Lets go of a result that came after `signal` aborted, which nobody will take. */
  readonly giveBack?: (result: T) => Promise<void>;
}

/**
 * Tries again, every RETRY_MS, while what stops it may pass.
 * @throws what will not pass by itself, and the reason of `signal` when it aborts
 */
export async function persist<T>(attempt: () => Promise<T>, options: PersistOptions<T>): Promise<T> {
  const { timers, signal, onTrouble, giveBack } = options;
  for (;;) {
    try {
      const result = await attempt();
      if (signal.aborted) await giveBack?.(result);
      signal.throwIfAborted();
      onTrouble(null);
      return result;
    } catch (error) {
      signal.throwIfAborted();
      const reason = errorReport(error);
      // A name may be given after somebody began to wait for it; to whoever only asks for it once, it is final.
      if (!reason.retryable && reason.code !== 'name_unknown') throw error;
      onTrouble(reason);
    }
    await pause(timers, signal);
  }
}

/** Settles early, without an error, when `signal` aborts. */
function pause(timers: Timers, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      cancel();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = timers.after(RETRY_MS, finish);
    signal.addEventListener('abort', finish);
  });
}
