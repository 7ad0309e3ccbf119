import { ManualClock } from '@panal/runtime';
import { RpcAbortedError } from './errors.js';
import { failureOf } from './rpc/rpc-bed.fixture.js';
import { type GatherOptions, gather } from './tracker-set-gather.js';

interface Target {
  readonly address: { readonly host: string; readonly port: number };
  readonly settled: PromiseWithResolvers<number>;
  signal?: AbortSignal;
}

function setUp(count: number): {
  clock: ManualClock;
  targets: Target[];
  run: (options?: Partial<GatherOptions<number>>) => ReturnType<typeof gather<Target, number>>;
} {
  const clock = new ManualClock();
  const targets = Array.from({ length: count }, (_, index) => ({
    address: { host: `t${index}`, port: 1 },
    settled: withResolvers(),
  }));
  const run = (options: Partial<GatherOptions<number>> = {}): ReturnType<typeof gather<Target, number>> =>
    gather<Target, number>(
      targets,
      (target, signal) => {
        target.signal = signal;
        return target.settled.promise;
      },
      {
        clock,
        timers: clock,
        pattern: 'a.b.c',
        timeoutMs: 5_000,
        graceMs: 250,
        isUseful: (reply) => reply > 0,
        isAbandonedAtEnd: true,
        ...options,
      },
    );
  return { clock, targets, run };
}

/** Promise.withResolvers came with Node 22. */
function withResolvers(): PromiseWithResolvers<number> {
  let resolve: PromiseWithResolvers<number>['resolve'] = () => undefined;
  let reject: PromiseWithResolvers<number>['reject'] = () => undefined;
  const promise = new Promise<number>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

interface PromiseWithResolvers<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

/** Lets every promise that is settled tell those who wait for it. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('gather', () => {
  it('ends when all have answered, in the order of the targets', async () => {
    const { targets, run } = setUp(3);
    const answers = run();
    targets[2]?.settled.resolve(3);
    targets[0]?.settled.resolve(0);
    targets[1]?.settled.reject(new Error('away'));
    expect(await answers).toMatchObject([
      { kind: 'answered', address: 't0:1', reply: 0 },
      { kind: 'failed', address: 't1:1' },
      { kind: 'answered', address: 't2:1', reply: 3 },
    ]);
  });

  it('waits for the rest no longer than the grace after the first useful answer', async () => {
    const { clock, targets, run } = setUp(3);
    const answers = run();
    targets[0]?.settled.resolve(0);
    await turn();
    clock.advance(1_000);
    targets[1]?.settled.resolve(7);
    await turn();
    clock.advance(250);
    expect(await answers).toMatchObject([
      { reply: 0 },
      { reply: 7 },
      { kind: 'failed', error: { code: 'rpc_timeout', timeoutMs: 1_250 } },
    ]);
    expect(targets[2]?.signal?.aborted).toBe(true);
  });

  it('waits to the time limit when nothing useful comes', async () => {
    const { clock, targets, run } = setUp(2);
    const answers = run({ isAbandonedAtEnd: false });
    targets[0]?.settled.resolve(0);
    await turn();
    clock.advance(5_000);
    expect(await answers).toMatchObject([{ reply: 0 }, { error: { code: 'rpc_timeout', timeoutMs: 5_000 } }]);
    expect(targets[1]?.signal?.aborted).toBe(false);
  });

  it('ends with the first useful answer where one is enough', async () => {
    const { targets, run } = setUp(2);
    const answers = run({ isFirstEnough: true });
    targets[1]?.settled.resolve(1);
    expect(await answers).toMatchObject([{ kind: 'failed' }, { reply: 1 }]);
  });

  it('leaves nothing behind when an answer comes too late', async () => {
    const { clock, targets, run } = setUp(1);
    const answers = run();
    clock.advance(5_000);
    await answers;
    targets[0]?.settled.resolve(5);
    await turn();
    clock.advance(10_000);
    expect(await answers).toMatchObject([{ kind: 'failed' }]);
  });

  it('gives up when its caller does', async () => {
    const { targets, run } = setUp(1);
    const abort = new AbortController();
    const failure = failureOf(run({ signal: abort.signal }));
    abort.abort();
    expect(await failure).toBeInstanceOf(RpcAbortedError);
    expect(targets[0]?.signal?.aborted).toBe(true);
    expect(await failureOf(run({ signal: abort.signal }))).toBeInstanceOf(RpcAbortedError);
  });

  it('has no answers where there is nobody to ask', async () => {
    expect(await setUp(0).run()).toEqual([]);
  });
});
