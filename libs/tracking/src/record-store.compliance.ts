import type { RecordChange, RecordKey, RecordStore, StoredRecord } from './record-store.js';

const FOREVER = Number.POSITIVE_INFINITY;

const key = (member: string, subject = 'aa', namespace = 'default'): RecordKey => ({ namespace, subject, member });
const record = (member: string, clock: number, rest: Partial<StoredRecord<string>> = {}): StoredRecord<string> => ({
  key: key(member),
  clock,
  value: `${member}@${clock}`,
  expiresAtMs: FOREVER,
  ...rest,
});

/**
 * What every `RecordStore` promises.
 * @param makeStore A new store with room for `recordCountMax` records.
 */
export function describeRecordStore(name: string, makeStore: (recordCountMax: number) => RecordStore<string>): void {
  describe(`${name} as a RecordStore`, () => {
    it('reads back what was written, each subject on its own', async () => {
      const store = makeStore(10);
      await store.write(record('p1', 1));
      await store.write(record('p2', 1));
      await store.write({ ...record('p1', 1), key: key('p1', 'bb') });
      await store.write({ ...record('p1', 1), key: key('p1', 'aa', 'other') });
      expect(store.recordCount).toBe(4);
      expect(store.read(key('p1'))?.value).toBe('p1@1');
      expect([...store.readAll('default', 'aa')].map((one) => one.key.member).sort()).toEqual(['p1', 'p2']);
      expect([...store.readAll('default', 'cc')]).toEqual([]);
    });

    it('keeps the later of two writes, in whatever order they come', async () => {
      const store = makeStore(10);
      expect(await store.write(record('p1', 2))).toMatchObject({ isCurrent: true });
      expect(await store.write(record('p1', 1))).toMatchObject({ isCurrent: false });
      expect(store.read(key('p1'))?.clock).toBe(2);
      expect(await store.write(record('p1', 3))).toMatchObject({ isCurrent: true });
      expect(store.read(key('p1'))?.clock).toBe(3);
      expect(store.recordCount).toBe(1);
    });

    it('takes the same write twice without a second change', async () => {
      const store = makeStore(10);
      const changes: RecordChange<string>[] = [];
      store.watch((change) => changes.push(change));
      await store.write(record('p1', 1));
      expect(await store.write(record('p1', 1))).toMatchObject({ isCurrent: true });
      expect(changes).toHaveLength(1);
    });

    it('removes what is older than the removal, and nothing else', async () => {
      const store = makeStore(10);
      await store.write(record('p1', 5));
      expect(await store.remove(key('p1'), 4)).toBe(false);
      expect(await store.remove(key('p1'), 6)).toBe(true);
      expect(await store.remove(key('p1'), 7)).toBe(false);
      expect(store.read(key('p1'))).toBeUndefined();
      expect(store.recordCount).toBe(0);
    });

    it('drops a record when its time has come, not before, and a refresh moves that time', async () => {
      const store = makeStore(10);
      await store.write(record('p1', 1, { expiresAtMs: 100 }));
      await store.write(record('p2', 1, { expiresAtMs: 100 }));
      await store.write(record('p3', 1));
      expect(store.refresh(key('p2'), 150)).toBe(true);
      expect(store.refresh(key('p9'), 150)).toBe(false);
      expect(store.expire(99)).toBe(0);
      expect(store.expire(100)).toBe(1);
      expect(store.read(key('p1'))).toBeUndefined();
      expect(store.expire(1_000_000)).toBe(1);
      expect(store.recordCount).toBe(1);
    });

    it('never shortens a life by a refresh that comes late', async () => {
      const store = makeStore(10);
      await store.write(record('p1', 1, { expiresAtMs: 100 }));
      store.refresh(key('p1'), 50);
      expect(store.expire(99)).toBe(0);
    });

    it('gives a rewritten record the life of the new write', async () => {
      const store = makeStore(10);
      await store.write(record('p1', 1, { expiresAtMs: 100 }));
      await store.write(record('p1', 2, { expiresAtMs: 300 }));
      expect(store.expire(200)).toBe(0);
      expect(store.expire(300)).toBe(1);
    });

    it('tells its watchers of every change with both sides of it', async () => {
      const store = makeStore(10);
      const changes: [before: number | undefined, after: number | undefined][] = [];
      store.watch(({ before, after }) => changes.push([before?.clock, after?.clock]));
      await store.write(record('p1', 1));
      await store.write(record('p1', 2));
      await store.remove(key('p1'), 3);
      await store.write(record('p1', 4, { expiresAtMs: 10 }));
      store.expire(10);
      expect(changes).toEqual([
        [undefined, 1],
        [1, 2],
        [2, undefined],
        [undefined, 4],
        [4, undefined],
      ]);
    });

    it('refuses a new record when it is full, and says to try again', async () => {
      const store = makeStore(2);
      await store.write(record('p1', 1));
      await store.write(record('p2', 1));
      await expect(store.write(record('p3', 1))).rejects.toMatchObject({ code: 'tracker_full', retryable: true });
      expect(await store.write(record('p2', 2))).toMatchObject({ isCurrent: true });
      await store.remove(key('p1'), 2);
      expect(await store.write(record('p3', 1))).toMatchObject({ isCurrent: true });
    });
  });
}
