import { ManualClock } from '@panal/runtime';
import { RpcAbortedError } from './errors.js';
import { failureOf } from './rpc/rpc-bed.fixture.js';
import { reported, turn } from './tracker-set.fixture.js';
import { askInTurn, type FailoverOptions, type Outcome } from './tracker-set-failover.js';

class Target {
  readonly address: { readonly host: string; readonly port: number };
  signal: AbortSignal | undefined;
  resolve: (reply: string) => void = () => undefined;
  reject: (error: Error) => void = () => undefined;

  constructor(readonly name: string) {
    this.address = { host: name, port: 1 };
  }

  ask(signal: AbortSignal): Promise<string> {
    this.signal = signal;
    return new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }
}

class Bed {
  readonly clock = new ManualClock();
  readonly targets = ['a', 'b', 'c', 'd'].map((name) => new Target(name));
  readonly asked: string[] = [];
  readonly silent: string[] = [];
  readonly steps: number[] = [];

  get a(): Target {
    return this.targets[0] as Target;
  }

  get b(): Target {
    return this.targets[1] as Target;
  }

  run(options: Partial<FailoverOptions<Target>> = {}): Promise<Outcome<Target, string>> {
    return askInTurn<Target, string>(
      (target, signal) => {
        this.asked.push(target.name);
        return target.ask(signal);
      },
      {
        timers: this.clock,
        pattern: 'a.b.c',
        hedgeMs: 250,
        timeoutMs: 5_000,
        openMax: 3,
        next: ({ asked, silentSteps }) => {
          this.steps.push(silentSteps);
          return this.targets.find((target) => !asked.has(target));
        },
        onSilent: ({ name }) => this.silent.push(name),
        ...options,
      },
    );
  }

  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    await turn();
  }
}

describe('askInTurn', () => {
  it('asks one, and nobody else when it answers in time', async () => {
    const bed = new Bed();
    const outcome = bed.run();
    await bed.pass(249);
    bed.a.resolve('yes');
    expect(await outcome).toMatchObject({ kind: 'answered', target: bed.a, reply: 'yes', isPrompt: true });
    await bed.pass(10_000);
    expect(bed.asked).toEqual(['a']);
    expect(bed.silent).toEqual([]);
  });

  it('asks another at once when one fails, with a full wait for the new one', async () => {
    const bed = new Bed();
    const outcome = bed.run();
    await bed.pass(200);
    bed.a.reject(new Error('gone'));
    await turn();
    expect(bed.asked).toEqual(['a', 'b']);
    await bed.pass(249);
    expect(bed.asked).toEqual(['a', 'b']);
    bed.b.resolve('yes');
    expect(await outcome).toMatchObject({ target: bed.b, isPrompt: true });
    expect(bed.steps).toEqual([0, 0]);
  });

  it('asks one more for each wait in silence, and takes back what was asked of the others', async () => {
    const bed = new Bed();
    const outcome = bed.run();
    await bed.pass(250);
    await bed.pass(250);
    expect(bed.asked).toEqual(['a', 'b', 'c']);
    expect(bed.silent).toEqual(['a', 'b']);
    bed.a.resolve('late');
    expect(await outcome).toMatchObject({ target: bed.a, isPrompt: false });
    expect(bed.b.signal?.aborted).toBe(true);
  });

  it('has no more than the limit at work, and one more when one of them fails', async () => {
    const bed = new Bed();
    void bed.run({ openMax: 2 });
    await bed.pass(2_000);
    expect(bed.asked).toEqual(['a', 'b']);
    bed.a.reject(new Error('gone'));
    await turn();
    expect(bed.asked).toEqual(['a', 'b', 'c']);
  });

  it('looks again, wait after wait, for somebody to ask', async () => {
    const bed = new Bed();
    let isThere = false;
    const next = ({ asked }: { asked: ReadonlySet<Target> }): Target | undefined => {
      if (asked.size === 0) return bed.a;
      return isThere && !asked.has(bed.b) ? bed.b : undefined;
    };
    const outcome = bed.run({ next });
    await bed.pass(750);
    isThere = true;
    await bed.pass(250);
    bed.b.resolve('yes');
    expect(await outcome).toMatchObject({ target: bed.b });
  });

  it('takes a final no for an answer', async () => {
    const bed = new Bed();
    const outcome = bed.run();
    const error = reported({ code: 'name_unknown', retryable: false });
    bed.a.reject(error);
    expect(await outcome).toEqual({ kind: 'refused', error });
    expect(bed.asked).toEqual(['a']);
  });

  it('says of each why it failed, when all have', async () => {
    const bed = new Bed();
    const outcome = bed.run();
    for (const target of bed.targets) {
      target.reject(reported({ code: 'not_ready', retryable: true }));
      await turn();
    }
    const failures = ['a', 'b', 'c', 'd'].map((name) => ({ address: `${name}:1`, error: { code: 'not_ready' } }));
    expect(await outcome).toMatchObject({ kind: 'failed', failures });
  });

  it('ends at the time limit, and says who was silent', async () => {
    const bed = new Bed();
    const outcome = bed.run({ openMax: 2 });
    await bed.pass(5_000);
    const failures = ['a:1', 'b:1'].map((address) => ({ address, error: { code: 'rpc_timeout', timeoutMs: 5_000 } }));
    expect(await outcome).toMatchObject({ kind: 'failed', failures });
    bed.a.resolve('too late');
    await bed.pass(10_000);
    expect(bed.asked).toEqual(['a', 'b']);
  });

  it('fails at once where there is nobody to ask', async () => {
    expect(await new Bed().run({ next: () => undefined })).toEqual({ kind: 'failed', failures: [] });
  });

  it('gives up when its caller does', async () => {
    const bed = new Bed();
    const abort = new AbortController();
    const failure = failureOf(bed.run({ signal: abort.signal }));
    abort.abort();
    expect(await failure).toBeInstanceOf(RpcAbortedError);
    expect(bed.a.signal?.aborted).toBe(true);
    expect(await failureOf(bed.run({ signal: abort.signal }))).toBeInstanceOf(RpcAbortedError);
    expect(bed.asked).toEqual(['a']);
  });
});
