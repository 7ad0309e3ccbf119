import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { HandleCache } from './handle-cache.js';
import { makeFolder, removeFolders } from './sample-content.fixture.js';

afterEach(removeFolders);

/** A promise settled by hand, so that the order of events is the test's. */
function gate(): { readonly opened: Promise<void>; readonly release: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((done) => {
    open = done;
  });
  return { opened, release: () => open() };
}

async function cacheOf(handleCountMax: number) {
  const folder = await makeFolder();
  const openedIndexes: number[] = [];
  const cache = new HandleCache({
    handleCountMax,
    open: (index) => {
      openedIndexes.push(index);
      return open(join(folder, String(index)), 'a+');
    },
  });
  return { cache, openedIndexes };
}

const fdOf = async (handle: FileHandle): Promise<number> => handle.fd;

describe('HandleCache', () => {
  it('opens a file once and closes the one not used for longest', async () => {
    const { cache, openedIndexes } = await cacheOf(2);
    for (const index of [1, 2, 1, 3, 1, 2]) await cache.use(index, fdOf);
    expect(openedIndexes).toEqual([1, 2, 3, 2]);
    expect(cache.size).toBe(2);
    await cache.close();
    expect(cache.size).toBe(0);
  });

  it('opens a file once for users that come at the same time', async () => {
    const { cache, openedIndexes } = await cacheOf(2);
    const fds = await Promise.all([cache.use(1, fdOf), cache.use(1, fdOf), cache.use(1, fdOf)]);
    expect(new Set(fds).size).toBe(1);
    expect(openedIndexes).toEqual([1]);
    await cache.close();
  });

  it('never closes a handle in use, whatever the bound', async () => {
    const { cache } = await cacheOf(1);
    const { opened, release } = gate();
    const busy = [1, 2, 3].map((index) =>
      cache.use(index, async (handle) => {
        await opened;
        return (await handle.stat()).isFile();
      }),
    );
    await cache.use(4, fdOf);
    release();
    expect(await Promise.all(busy)).toEqual([true, true, true]);
    await cache.use(5, fdOf);
    expect(cache.size).toBe(1);
    await cache.close();
  });

  it('closes what is in use when it is closed as soon as that is idle, and keeps nothing open after', async () => {
    const { cache } = await cacheOf(4);
    const { opened, release } = gate();
    const busy = cache.use(1, async (handle) => {
      await opened;
      return (await handle.stat()).isFile();
    });
    await cache.use(2, fdOf);
    await cache.close();
    expect(cache.size).toBe(1);
    release();
    expect(await busy).toBe(true);
    expect(cache.size).toBe(0);
    await cache.use(3, fdOf);
    expect(cache.size).toBe(0);
  });

  it('tries again to open what failed to open', async () => {
    const folder = await makeFolder();
    let path = join(folder, 'missing');
    const cache = new HandleCache({ handleCountMax: 2, open: () => open(path, 'r') });
    await expect(cache.use(1, fdOf)).rejects.toMatchObject({ code: 'ENOENT' });
    path = '/dev/null';
    await expect(cache.use(1, fdOf)).resolves.toBeGreaterThan(0);
    await cache.close();
  });
});
