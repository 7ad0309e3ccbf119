import type { ClusterNode, ClusterRecord, NodeEvent } from '@panal/cluster';
import { silentLogger } from '@panal/runtime';
import { ClockNotKeptError } from '../errors.js';
import { ClusterRuntime } from './cluster-runtime.js';
import { ForgetfulKeeper } from './record-keeper.js';

const record = (clock: number, recordClass: 'soft' | 'durable' = 'durable'): ClusterRecord => ({
  key: Buffer.from(`key ${clock}`),
  slot: 1,
  recordClass,
  clock,
  origin: 1,
  isDead: false,
  serveUntilMs: Number.POSITIVE_INFINITY,
  value: Buffer.alloc(0),
});

/** A disk that has stamps up to 10, and takes a greater one when the test says so. */
class SlowKeeper extends ForgetfulKeeper {
  readonly asked: { readonly stamp: number; readonly answer: (isKept: boolean) => void }[] = [];

  override isKept(stamp = 0): boolean {
    return stamp <= 10;
  }

  override keep(stamp = 0): Promise<boolean> {
    return new Promise((answer) => this.asked.push({ stamp, answer }));
  }
}

function bench(): { runtime: ClusterRuntime; keeper: SlowKeeper; written: number[] } {
  const written: number[] = [];
  // All that is looked at is which writes reach it; it acknowledges at once.
  const step = (event: NodeEvent) => {
    if (event.kind !== 'write') return [];
    written.push(...event.records.map(({ clock }) => clock));
    return [{ kind: 'written' as const, token: event.token, copies: 3 }];
  };
  const keeper = new SlowKeeper(() => undefined);
  const node = { step } as unknown as ClusterNode;
  const rest = { logger: silentLogger, onView: () => undefined, onFatal: () => undefined };
  return { runtime: new ClusterRuntime({ node, keeper, ...rest }), keeper, written };
}

describe('a write of this tracker', () => {
  it('goes at once when the disk has its clock', () => {
    const { runtime, keeper, written } = bench();
    expect(runtime.write([record(9), record(10)])).toEqual({ copies: 3 });
    expect(written).toEqual([9, 10]);
    expect(keeper.asked).toEqual([]);
  });

  it('is seen by nobody before the disk has its clock', async () => {
    const { runtime, keeper, written } = bench();
    const answered = runtime.write([record(9), record(11)]);
    expect(keeper.asked.map(({ stamp }) => stamp)).toEqual([11]);
    expect(written).toEqual([]);
    keeper.asked[0]?.answer(true);
    await expect(answered).resolves.toEqual({ copies: 3 });
    expect(written).toEqual([9, 11]);
  });

  it('is refused when it must last and the disk does not take the clock; what need not last goes on', async () => {
    const { runtime, keeper, written } = bench();
    const durable = runtime.write([record(11, 'soft'), record(12)]);
    const soft = runtime.write([record(13, 'soft')]);
    for (const { answer } of keeper.asked) answer(false);
    await expect(durable).rejects.toThrow(ClockNotKeptError);
    await expect(soft).resolves.toEqual({ copies: 3 });
    expect(written).toEqual([13]);
  });
});
