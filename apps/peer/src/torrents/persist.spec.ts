import { type ErrorReport, ManualClock, PanalError } from '@panal/runtime';
import { RETRY_MS } from '../peer-limits.js';
import { persist } from './persist.js';

const failure = (code: string, retryable: boolean) =>
  new PanalError({ code, message: code, action: 'wait', retryable });

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

describe('persist', () => {
  it.each([failure('no_tracker', true), failure('name_unknown', false)])(
    'tries again after $code, and shows it until it has passed',
    async (error) => {
      const clock = new ManualClock();
      const shown: (string | undefined)[] = [];
      const onTrouble = (reason: ErrorReport | null): number => shown.push(reason?.code);
      let attempts = 0;
      const attempt = async (): Promise<number> => {
        attempts += 1;
        if (attempts < 3) throw error;
        return attempts;
      };
      const result = persist(attempt, { timers: clock, signal: new AbortController().signal, onTrouble });
      for (let turn = 0; turn < 3; turn += 1) {
        await settle();
        clock.advance(RETRY_MS);
      }
      await expect(result).resolves.toBe(3);
      expect(shown).toEqual([error.code, error.code, undefined]);
    },
  );

  it('throws what will not pass by itself', async () => {
    const options = { timers: new ManualClock(), signal: new AbortController().signal, onTrouble: () => undefined };
    const error = failure('target_exists', false);
    await expect(persist(() => Promise.reject(error), options)).rejects.toBe(error);
  });

  it('ends when it is told to, in the middle of a pause', async () => {
    const abort = new AbortController();
    const options = { timers: new ManualClock(), signal: abort.signal, onTrouble: () => undefined };
    const result = persist(() => Promise.reject(failure('no_tracker', true)), options);
    await settle();
    abort.abort(new Error('stopped'));
    await expect(result).rejects.toThrow('stopped');
  });

  it('gives back what comes too late', async () => {
    const abort = new AbortController();
    const given: string[] = [];
    const options = {
      timers: new ManualClock(),
      signal: abort.signal,
      onTrouble: () => undefined,
      giveBack: async (result: string) => void given.push(result),
    };
    const attempt = async (): Promise<string> => {
      abort.abort(new Error('stopped'));
      return 'a lock';
    };
    await expect(persist(attempt, options)).rejects.toThrow('stopped');
    expect(given).toEqual(['a lock']);
  });
});
