import { SeededRandom } from '@panal/runtime';
import { TrackerFullError } from './errors.js';
import { DESCRIPTION_GRACE_MS, TIDY_LOOKS_MAX } from './limits.js';
import type { TorrentKey } from './torrent-key.js';
import { TorrentTable } from './torrent-table.js';

const SEED = 20_261_123;
const NAMESPACES = ['default', 'default2', 'a'];

describe(`a table of torrents (seed ${SEED})`, () => {
  it('shows pages of a namespace in the order of the ids while torrents come and go', () => {
    const random = new SeededRandom(SEED);
    const table = new TorrentTable(10_000);
    const present = new Map<string, TorrentKey>();
    for (let turn = 0; turn < 4_000; turn += 1) {
      const key = keyOf(random);
      const id = `${key.namespace} ${key.torrent}`;
      const row = table.ensure(key);
      expect(table.get(key)).toBe(row);
      row.isDescribed = random.below(3) > 0;
      table.settle(row);
      if (row.isDescribed) present.set(id, key);
      else present.delete(id);
    }
    for (const namespace of NAMESPACES) {
      const ids = [...present.values()].filter((key) => key.namespace === namespace).map(({ torrent }) => torrent);
      expect(ids.length).toBeGreaterThan(10);
      expect(pagesOf(table, namespace, 7)).toEqual(ids.sort());
      expect(table.countIn(namespace)).toBe(ids.length);
    }
    expect(table.size).toBe(present.size);
    expect(pagesOf(table, 'defaul', 7)).toEqual([]);
    expect(table.countIn('defaul')).toBe(0);
  });

  it('has a next page only when something is on it', () => {
    const table = new TorrentTable(10);
    for (const torrent of ['aa', 'bb']) table.ensure({ namespace: 'default', torrent }).isDescribed = true;
    expect(table.page({ namespace: 'default', countMax: 2 }).next).toBeUndefined();
    expect(table.page({ namespace: 'default', countMax: 1 }).next).toBe('aa');
    expect(table.page({ namespace: 'default', after: 'aa', countMax: 1 }).next).toBeUndefined();
    expect(table.page({ namespace: 'default', after: 'bb', countMax: 1 }).rows).toEqual([]);
  });

  it('looks at some torrents in each tidying, and at all of them in turn', () => {
    const table = new TorrentTable(3 * TIDY_LOOKS_MAX);
    const count = 2 * TIDY_LOOKS_MAX + 5;
    for (let at = 0; at < count; at += 1) {
      table.ensure({ namespace: 'default', torrent: at.toString(16).padStart(40, '0') }).isDescribed = true;
    }
    const seen = new Set<string>();
    const turns = [0, 1, 2].map(() => table.findUnused(DESCRIPTION_GRACE_MS, () => false));
    for (const unused of turns) for (const { torrent } of unused) seen.add(torrent);
    expect(turns.map(({ length }) => length <= TIDY_LOOKS_MAX)).toEqual([true, true, true]);
    expect(seen.size).toBe(count);
    expect(table.findUnused(DESCRIPTION_GRACE_MS, () => true)).toEqual([]);
    const small = new TorrentTable(1);
    small.ensure({ namespace: 'default', torrent: 'aa' }).isDescribed = true;
    for (const _ of turns) expect(small.findUnused(DESCRIPTION_GRACE_MS, () => false)).toHaveLength(1);
    expect(new TorrentTable(1).findUnused(DESCRIPTION_GRACE_MS, () => false)).toEqual([]);
  });

  it('refuses a new torrent beyond its limit, and no known one', () => {
    const table = new TorrentTable(1);
    const known = { namespace: 'default', torrent: 'aa' };
    table.ensure(known).isDescribed = true;
    expect(() => table.checkRoom(known)).not.toThrow();
    expect(() => table.checkRoom({ namespace: 'default', torrent: 'bb' })).toThrow(TrackerFullError);
  });
});

function keyOf(random: SeededRandom): TorrentKey {
  const namespace = NAMESPACES[random.below(NAMESPACES.length)] as string;
  return { namespace, torrent: random.below(400).toString(16).padStart(64, '0') };
}

function pagesOf(table: TorrentTable, namespace: string, countMax: number): string[] {
  const ids: string[] = [];
  let after: string | undefined;
  do {
    const { rows, next } = table.page({ namespace, countMax, ...(after === undefined ? {} : { after }) });
    ids.push(...rows.map(({ key }) => key.torrent));
    after = next;
  } while (after !== undefined);
  return ids;
}
