import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SystemClock } from '@panal/nest';
import { SeededRandom } from '@panal/runtime';
import { FileChunkStore, shareContent, TargetExistsError } from '@panal/storage-fs';
import { Bitfield, type Metainfo } from '@panal/torrent';
import { DownloadTarget } from './download-target.js';

const bytes = new SeededRandom(7).bytes(100_000);
let folder: string;
let metainfo: Metainfo;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'panal-target-'));
  await writeFile(path.join(folder, 'model'), bytes);
  ({ metainfo } = await shareContent({ path: path.join(folder, 'model'), format: 'v2' }));
  await mkdir(path.join(folder, 'got'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

describe('DownloadTarget', () => {
  it('knows its own content also when it is synced while it waits for its turn', async () => {
    const { store } = await openStore();
    await store.write(0, bytes);
    await store.commit(Bitfield.full(1));
    await store.place();
    let turnCount = 0;
    const target = targetWith(async (task) => {
      turnCount += 1;
      if (turnCount === 1) await store.finish();
      return task();
    });
    expect(await target.open(new AbortController().signal)).toBeUndefined();
    expect(turnCount).toBe(2);
  });

  it('refuses what is not its own', async () => {
    await writeFile(path.join(folder, 'got', 'model'), 'precious');
    const target = targetWith((task) => task());
    await expect(target.open(new AbortController().signal)).rejects.toThrow(TargetExistsError);
  });
});

function openStore(): ReturnType<typeof FileChunkStore.open> {
  return FileChunkStore.open({ metainfo, directory: path.join(folder, 'got') });
}

function targetWith(inHashingTurn: <T>(task: () => Promise<T>) => Promise<T>): DownloadTarget {
  return new DownloadTarget(
    metainfo,
    { directory: path.join(folder, 'got') },
    { inHashingTurn, clock: new SystemClock() },
  );
}
