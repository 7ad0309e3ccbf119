import { setTimeout as delay } from 'node:timers/promises';

/** Milliseconds that never go back, for rates and deadlines. */
export const monotonicMs = (): number => performance.now();

/** Waits, or throws the signal's reason as soon as it is given. */
export async function waitMs(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

/** `promise`, or `undefined` when it takes longer than `timeoutMs`. */
export async function within<T>(promise: Promise<T>, timeoutMs: number): Promise<T | undefined> {
  const timer = new AbortController();
  try {
    const late = delay(timeoutMs, undefined, { signal: timer.signal }).catch(() => undefined);
    return await Promise.race([promise, late]);
  } finally {
    timer.abort();
  }
}
