import { makeAnnounce, makeHash, makePeer, makeTracking } from './tracking.fixture.js';

describe('TorrentCatalog', () => {
  const fill = async (numbers: readonly number[], namespace = 'default', fixture = makeTracking()) => {
    for (const number of numbers) {
      const request = makeAnnounce(makePeer(1), { hash: makeHash(number), namespace });
      await fixture.tracking.peers.announce(request, 'h');
    }
    return fixture.tracking;
  };
  const numbersOf = (page: Awaited<ReturnType<Awaited<ReturnType<typeof fill>>['catalog']['list']>>) =>
    page.torrents.map(({ hash }) => hash[0]);

  it('lists page by page, by content id, each torrent once', async () => {
    const { catalog } = await fill([5, 3, 9, 1, 7]);
    const pages: unknown[] = [];
    let after: Uint8Array | undefined;
    do {
      const page = await catalog.list({ namespace: 'default', countMax: 2, ...(after === undefined ? {} : { after }) });
      pages.push(numbersOf(page));
      after = page.next;
    } while (after !== undefined);
    expect(pages).toEqual([[1, 3], [5, 7], [9]]);
  });

  it('says at once when a page is the last one', async () => {
    const { catalog } = await fill([1, 2]);
    expect((await catalog.list({ namespace: 'default', countMax: 2 })).next).toBeUndefined();
    expect((await catalog.list({ namespace: 'default', countMax: 1 })).next).toEqual(makeHash(1));
  });

  it('goes on after a torrent that is gone', async () => {
    const { catalog } = await fill([1, 3]);
    expect(numbersOf(await catalog.list({ namespace: 'default', after: makeHash(2), countMax: 9 }))).toEqual([3]);
  });

  it('shows a namespace nothing of the others', async () => {
    const fixture = makeTracking();
    await fill([1], 'a', fixture);
    await fill([2], 'a-b', fixture);
    const { catalog } = await fill([3], 'b', fixture);
    const namespaces = ['a', 'a-b', 'b', 'c'];
    const pages = await Promise.all(namespaces.map((namespace) => catalog.list({ namespace, countMax: 9 })));
    expect(pages.map(numbersOf)).toEqual([[1], [2], [3], []]);
  });
});
