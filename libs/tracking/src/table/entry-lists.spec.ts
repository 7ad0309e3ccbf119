import { SeededRandom } from '@panal/runtime';
import { COMPLETE, EntryLists, HIDDEN, INCOMPLETE, type Part } from './entry-lists.js';
import { Slab } from './slab.js';
import { COMPLETE_END, ENTRY_COUNT, SERVED_END } from './torrent-rows.js';

const PARTS: readonly Part[] = [COMPLETE, INCOMPLETE, HIDDEN];

describe('EntryLists', () => {
  const seed = Number(process.env['SEED'] ?? 11);

  it.each([3, 40, 700, 5_000])(
    'keep three parts of up to %d entries apart while they come, move and go',
    (countMax) => {
      const random = new SeededRandom(seed);
      const [torrents, entries] = [new Slab(19), new Slab(1)];
      const lists = new EntryLists({ torrents, entries, positionWord: 0 });
      const torrent = torrents.allocate();
      const model = new Map<number, Part>();
      const check = (): void => {
        const held = Array.from({ length: torrents.get(torrent, ENTRY_COUNT) }, (_, at) => lists.at(torrent, at));
        expect(new Set(held)).toEqual(new Set(model.keys()));
        const bounds = [torrents.get(torrent, COMPLETE_END), torrents.get(torrent, SERVED_END)] as const;
        const found = held.map((_, at) => (at < bounds[0] ? COMPLETE : at < bounds[1] ? INCOMPLETE : HIDDEN));
        expect(found).toEqual(held.map((entry) => model.get(entry)));
        expect(held.map((entry) => entries.get(entry, 0))).toEqual(held.map((_, at) => at));
      };
      // It grows, shrinks, and grows again; at the end it is empty.
      for (const [growth, steps] of [
        [8, countMax * 2],
        [2, countMax],
        [8, countMax],
        [0, countMax * 2],
      ] as const) {
        for (let step = 0; step < steps; step += 1) {
          const count = torrents.get(torrent, ENTRY_COUNT);
          const entry = count === 0 ? undefined : lists.at(torrent, random.below(count));
          const choice = random.below(10);
          if (growth > 0 && choice < growth && model.size < countMax) {
            const added = entries.allocate();
            lists.add(torrent, added);
            model.set(added, HIDDEN);
          }
          if (entry === undefined) continue;
          const part = model.get(entry) as Part;
          const to = PARTS[random.below(3)] as Part;
          lists.move(torrent, entry, part, to);
          model.set(entry, to);
          if (choice < growth) continue;
          lists.move(torrent, entry, to, HIDDEN);
          lists.remove(torrent, entry);
          entries.free(entry);
          model.delete(entry);
        }
        check();
      }
      for (const [entry, part] of model) {
        lists.move(torrent, entry, part, HIDDEN);
        lists.remove(torrent, entry);
      }
      expect(torrents.get(torrent, ENTRY_COUNT)).toBe(0);
      expect(lists.cellCount).toBe(0);
    },
  );
});
