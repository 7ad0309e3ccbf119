import { type ClusterRecord } from '@panal/cluster';
import { ManualClock, type PanalError } from '@panal/runtime';
import { Committer } from './committer.js';
import { QUEUE_SIZE_BYTES_MAX, RETRY_INTERVAL_MS, SOFT_COMMIT_DELAY_MS } from './limits.js';
import { newCounters } from './log-counters.js';
import { durableOf, recordOf, TableOfMaps } from './record-log.fixture.js';
import type { StorePort } from './store-thread.js';
import { readStored } from './stored-record.js';
import type { CommitResult } from './stores.js';
import { forEachItem, Op } from './write-batch.js';

const MIB = 1024 * 1024;
const FULL: CommitResult = {
  kind: 'failed',
  failure: { kind: 'full', path: '/data/soft.mdb', reason: 'No space left on device', isOfStore: false },
};
const CORRUPT: CommitResult = {
  kind: 'failed',
  failure: { kind: 'corrupt', path: '/data/soft.mdb', reason: 'MDB_CORRUPTED', isOfStore: true },
  movedTo: '/data.corrupt-1',
};

/** A store that answers when the test says so. */
class SlowStore implements Pick<StorePort, 'commit'> {
  readonly stored = new Map<string, ClusterRecord>();
  /** Keys of each commit that was asked for, failed or not. */
  readonly commits: string[][] = [];
  #answer: ((result: CommitResult | Error) => void) | undefined;

  commit(bytes: Uint8Array): Promise<CommitResult> {
    const items = new Map<string, ClusterRecord>();
    forEachItem(Buffer.from(bytes), (op, key, value) => {
      if (op === Op.putSoft || op === Op.putDurable) items.set(key.subarray(2).toString(), readStored(key, value));
    });
    this.commits.push([...items.keys()]);
    return new Promise((resolve, reject) => {
      this.#answer = (result) => {
        if (result instanceof Error) return reject(result);
        if (result.kind === 'committed') for (const [key, record] of items) this.stored.set(key, record);
        resolve(result);
      };
    });
  }

  get isBusy(): boolean {
    return this.#answer !== undefined;
  }

  /** Ends the commit under way, once there is one. */
  async answer(result: CommitResult | Error = { kind: 'committed' }): Promise<void> {
    await turns();
    const answer = this.#answer;
    this.#answer = undefined;
    if (answer === undefined) throw new Error('Nothing was to be committed.');
    answer(result);
    await turns();
  }

  /** Ends commits until there are no more. */
  async answerAll(): Promise<void> {
    for (await turns(); this.isBusy; await turns()) await this.answer();
  }
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

function setUp() {
  const store = new SlowStore();
  const clock = new ManualClock();
  const table = new TableOfMaps();
  const told: { persisted: number[]; pressure: boolean[]; outcomes: (PanalError | undefined)[]; movedTo: string[] } = {
    persisted: [],
    pressure: [],
    outcomes: [],
    movedTo: [],
  };
  const counters = newCounters();
  const committer = new Committer({
    store,
    source: table,
    timers: clock,
    counters,
    onPersisted: (upTo) => told.persisted.push(upTo),
    onPressure: (isPressed) => told.pressure.push(isPressed),
    onOutcome: (error) => told.outcomes.push(error),
    onCorrupt: (movedTo) => told.movedTo.push(movedTo),
  });
  committer.start();
  const append = (records: readonly ClusterRecord[], isDurable = false): number =>
    committer.append(table.take(records), { isDurable });
  return { store, clock, table, told, counters, committer, append };
}

describe('Committer', () => {
  it('lets soft records wait for company, a tenth of a second at most', async () => {
    const { store, clock, told, append } = setUp();
    append([recordOf('a')]);
    clock.advance(SOFT_COMMIT_DELAY_MS - 1);
    append([recordOf('b')]);
    await turns();
    expect(store.isBusy).toBe(false);
    clock.advance(1);
    await store.answer();
    expect(store.commits).toEqual([['a', 'b']]);
    expect(told.persisted).toEqual([2]);
  });

  it('commits durable records on the next turn, with all that has gathered', async () => {
    const { store, told, append } = setUp();
    append([recordOf('soft')]);
    expect(append([durableOf('first')], true)).toBe(2);
    append([durableOf('second')], true);
    await store.answer();
    expect(store.commits).toEqual([['soft', 'first', 'second']]);
    expect(told.persisted).toEqual([3]);
  });

  it('gathers while a commit is under way, and waits for company again after it', async () => {
    const { store, clock, append } = setUp();
    append([durableOf('a')], true);
    await turns();
    append([recordOf('b')]);
    append([durableOf('c')], true);
    await store.answer();
    await store.answer();
    append([recordOf('d')]);
    await turns();
    expect(store.isBusy).toBe(false);
    clock.advance(SOFT_COMMIT_DELAY_MS);
    await store.answer();
    expect(store.commits).toEqual([['a'], ['b', 'c'], ['d']]);
  });

  it('repeats a commit that failed until it succeeds, and reports nothing before', async () => {
    const { store, clock, told, counters, append } = setUp();
    append([durableOf('a')], true);
    await store.answer(FULL);
    append([durableOf('b')], true);
    await turns();
    expect(store.isBusy).toBe(false);
    clock.advance(RETRY_INTERVAL_MS);
    await store.answer(FULL);
    expect(told.outcomes.map((error) => error?.code)).toEqual(['record_disk_full', 'record_disk_full']);
    expect(told.persisted).toEqual([]);
    clock.advance(RETRY_INTERVAL_MS);
    await store.answerAll();
    expect(told.outcomes.at(-1)).toBeUndefined();
    expect(told.persisted).toEqual([1, 2]);
    expect(counters.failedCommits).toBe(2);
    expect([...store.stored.keys()]).toEqual(['a', 'b']);
  });

  it('repeats a commit whose thread died', async () => {
    const { store, clock, told, append } = setUp();
    append([durableOf('a')], true);
    await store.answer(new Error('the thread died'));
    clock.advance(RETRY_INTERVAL_MS);
    await store.answer();
    expect(told.outcomes.map((error) => error?.code)).toEqual(['record_disk_failed', undefined]);
    expect(told.persisted).toEqual([1]);
  });

  it('splits what is too large for one commit, and reports an append when all of it is written', async () => {
    const { store, told, append } = setUp();
    const big = Array.from({ length: 5 }, (_, index) => durableOf(`big ${index}`, { value: Buffer.alloc(MIB, index) }));
    append(big, true);
    await store.answer();
    expect(told.persisted).toEqual([]);
    await store.answerAll();
    expect(told.persisted).toEqual([1]);
    expect(store.commits.flat()).toHaveLength(5);
    expect(store.commits.length).toBeGreaterThan(2);
  });

  it('tells of pressure once, and once when it is over', async () => {
    const { store, told, append } = setUp();
    for (let index = 0; index < 20; index += 1) append([durableOf(`big ${index}`, { value: Buffer.alloc(MIB) })], true);
    expect(told.pressure).toEqual([true]);
    await store.answerAll();
    expect(told.pressure).toEqual([true, false]);
  });

  describe('when the disk does not keep up', () => {
    const fill = (append: (records: readonly ClusterRecord[], isDurable?: boolean) => number): number => {
      let sequence = 0;
      for (let sizeBytes = 0; sizeBytes <= QUEUE_SIZE_BYTES_MAX; sizeBytes += MIB) {
        sequence = append([durableOf(`big ${sequence}`, { value: Buffer.alloc(MIB, sequence) })], true);
      }
      return sequence;
    };

    it('keeps the queue bounded and reads from the table what it left out', async () => {
      const { store, told, counters, committer, append } = setUp();
      const last = fill(append);
      append([recordOf('left out')]);
      expect(committer.queueSizeBytes).toBeLessThanOrEqual(QUEUE_SIZE_BYTES_MAX);
      expect(counters.leftOutRecords).toBeGreaterThan(0);
      await store.answerAll();
      expect(store.stored.size).toBe(last + 1);
      expect(told.persisted.at(-1)).toBe(last + 1);
      expect(counters.refills).toBe(1);
      expect(told.pressure).toEqual([true, false]);
    });

    it('counts nothing as persisted from the first record it left out on, until the table was read', async () => {
      const { store, told, counters, append } = setUp();
      const last = fill(append);
      for (; counters.refills === 0; ) await store.answer();
      const firstLeftOut = (told.persisted.at(-1) ?? 0) + 1;
      expect(firstLeftOut).toBeLessThanOrEqual(last);
      const later = append([durableOf('later')], true);
      await store.answer();
      expect(told.persisted.at(-1)).toBeLessThan(firstLeftOut);
      await store.answerAll();
      expect(told.persisted.at(-1)).toBe(later);
      expect(store.stored.has('later')).toBe(true);
    });

    it('starts over when it has to leave something out while it reads the table', async () => {
      const { store, told, counters, append } = setUp();
      fill(append);
      for (; counters.refills === 0; ) await store.answer();
      const last = fill(append);
      await store.answerAll();
      expect(counters.refills).toBe(2);
      expect(told.persisted.at(-1)).toBe(last);
    });
  });

  it('fills a store again that was corrupt, and reports what is appended only then', async () => {
    const { store, told, counters, append } = setUp();
    append([durableOf('old'), recordOf('soft')], true);
    await store.answer();
    store.stored.clear();
    const sequence = append([durableOf('new')], true);
    await store.answer(CORRUPT);
    expect(told.movedTo).toEqual(['/data.corrupt-1']);
    expect(told.persisted).toEqual([1]);
    await store.answerAll();
    expect([...store.stored.keys()].sort()).toEqual(['new', 'old', 'soft']);
    expect(told.persisted).toEqual([1, sequence]);
    expect(counters.refills).toBe(1);
  });

  it('writes what waits when it finishes, once, and stops', async () => {
    const { store, told, committer, append } = setUp();
    append([recordOf('a')]);
    const finished = committer.finish();
    await store.answer();
    await finished;
    expect(told.persisted).toEqual([1]);
    append([recordOf('b')]);
    await turns();
    expect(store.isBusy).toBe(false);
  });

  it('finishes on a disk that takes nothing', async () => {
    const { store, told, clock, committer, append } = setUp();
    append([recordOf('a')]);
    const finished = committer.finish();
    await store.answer(FULL);
    await finished;
    clock.advance(RETRY_INTERVAL_MS);
    await turns();
    expect(store.isBusy).toBe(false);
    expect(told.persisted).toEqual([]);
  });
});
