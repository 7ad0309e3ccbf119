import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SystemTimers } from '@panal/nest';
import { ManualClock, SeededRandom, silentLogger } from '@panal/runtime';
import { DataFolder, shareContent } from '@panal/storage-fs';
import { type Metainfo, merkleRootOf } from '@panal/torrent';
import { CHUNK_SCHEDULERS } from '@panal/transfer';
import { TrackerSet } from '@panal/transport-tcp';
import { HybridClock } from '@panal/wire';
import { HashingTurns } from '../hashing-turns.js';
import { TrackerAgent } from '../tracking/tracker-agent.js';
import type { CatalogTorrent, TorrentPorts } from './catalog-torrent.js';
import { ContentShelf } from './content-shelf.js';
import { TorrentCatalog } from './torrent-catalog.js';
import { TorrentRecords } from './torrent-records.js';

/** Records that tell of a torrent file before they keep it. */
class WatchedRecords extends TorrentRecords {
  onSave: (id: string) => void = () => undefined;

  override async saveMetainfo(id: string, metainfo: Metainfo): Promise<void> {
    this.onSave(id);
    await super.saveMetainfo(id, metainfo);
  }
}

describe('TorrentCatalog', () => {
  let root: string;
  let folder: DataFolder;
  let records: WatchedRecords;
  let trackers: TrackerAgent;
  let catalog: TorrentCatalog;
  let hashing: HashingTurns;
  let onHashed: () => void;

  beforeEach(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'panal-catalog-'));
    const clock = new ManualClock();
    const timers = new SystemTimers();
    const random = new SeededRandom(1);
    const logger = silentLogger;
    folder = await DataFolder.open(path.join(root, 'data'), { random });
    records = new WatchedRecords(folder);
    const nobody = (): never => {
      throw new Error('there is nobody to talk to');
    };
    // No tracker and no peer: what is whole is served, what is not waits.
    const set = new TrackerSet({ addresses: [], clock, timers, random, makeClient: nobody });
    trackers = new TrackerAgent({ trackers: set, identity: nobody, timers, random, logger });
    hashing = new HashingTurns(1);
    onHashed = () => undefined;
    const ports: TorrentPorts = {
      clock,
      timers,
      random,
      logger,
      records,
      trackers,
      shelf: new ContentShelf('p1'),
      peerId: folder.id,
      ownAddress: () => ({ host: '127.0.0.1', port: 1 }),
      inHashingTurn: async (task, signal) => {
        const result = await hashing.run(task, signal);
        onHashed();
        return result;
      },
      makeDialer: () => ({ dial: nobody }) as never,
      rootOf: merkleRootOf,
      schedulers: new Map(Object.entries(CHUNK_SCHEDULERS)),
      makeSelector: undefined,
      fetchMetadata: nobody,
    };
    catalog = new TorrentCatalog(ports, new HybridClock());
  });

  afterEach(async () => {
    await catalog.stop();
    await trackers.stop();
    await folder.close();
    await rm(root, { recursive: true, force: true });
  });

  const at = (...names: string[]): string => path.join(root, ...names);

  async function content(where: string, text: string): Promise<Metainfo> {
    await mkdir(at(where, 'model'), { recursive: true });
    await writeFile(at(where, 'model', 'weights'), text);
    const { metainfo } = await shareContent({ path: at(where, 'model'), format: 'v2' });
    return metainfo;
  }

  async function until(condition: () => boolean): Promise<void> {
    // Turns of a millisecond at least: those of the event loop alone are over before a busy disk has answered.
    for (let turn = 0; turn < 4_000 && !condition(); turn += 1) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(condition()).toBe(true);
  }

  const fetchTo = (metainfo: Metainfo, directory: string): Promise<CatalogTorrent> =>
    catalog.download({ torrent: metainfo.bytes.toString('base64'), directory: at(directory), force: true });

  it('keeps a whole download when the one that was to replace it is given up', async () => {
    const old = await fetchTo(await content('here', 'old'), 'here');
    await until(() => old.view().state === 'complete');
    const replacement = await fetchTo(await content('elsewhere', 'new'), 'here');
    await until(() => replacement.view().state === 'waiting');
    await catalog.remove(replacement.id);
    expect(catalog.all().map(({ id }) => id)).toEqual([old.id]);
  });

  it('keeps a whole download when the peer stops before its replacement is there', async () => {
    const old = await fetchTo(await content('here', 'old'), 'here');
    await until(() => old.view().state === 'complete');
    const replacement = await fetchTo(await content('elsewhere', 'new'), 'here');
    await until(() => replacement.view().state === 'waiting');
    await catalog.stop();
    const saved = await records.all(() => undefined);
    expect(saved.map(({ record }) => record.id).sort()).toEqual([old.id, replacement.id].sort());
  });

  it('forgets a failed share when the same path is tried again', async () => {
    const first = await catalog.share({ path: at('nothing') });
    await until(() => first.view().state === 'failed');
    const second = await catalog.share({ path: at('nothing') });
    await until(() => second.view().state === 'failed' && catalog.all().length === 1);
    expect(catalog.all().map(({ id }) => id)).toEqual([second.id]);
  });

  it('forgets a share for good that is removed while it is written down', async () => {
    await content('here', 'text');
    let removing: Promise<void> | undefined;
    records.onSave = (id) => {
      removing ??= catalog.remove(id);
    };
    await catalog.share({ path: at('here', 'model') });
    await until(() => removing !== undefined);
    await removing;
    expect(await records.all(() => undefined)).toEqual([]);
  });

  it('begins a download while something else is hashed', async () => {
    let end: () => void = () => undefined;
    const other = hashing.run(
      () =>
        new Promise<void>((resolve) => {
          end = resolve;
        }),
    );
    const download = await fetchTo(await content('elsewhere', 'new'), 'here');
    await until(() => download.view().state === 'waiting');
    expect(download.path).toBe(at('here', 'model'));
    end();
    await other;
  });

  it('removes a download at once that waits for its turn to look at what is there', async () => {
    const metainfo = await content('elsewhere', 'new');
    await content('here', 'old');
    let end: () => void = () => undefined;
    const other = hashing.run(
      () =>
        new Promise<void>((resolve) => {
          end = resolve;
        }),
    );
    const { id } = await fetchTo(metainfo, 'here');
    await catalog.remove(id);
    end();
    await other;
    expect(await records.all(() => undefined)).toEqual([]);
  });

  it('leaves no unfinished download behind that is removed while its folder is opened', async () => {
    const metainfo = await content('elsewhere', 'new');
    await content('here', 'old');
    let removing: Promise<void> | undefined;
    onHashed = () => {
      removing ??= catalog.remove((catalog.all()[0] as CatalogTorrent).id);
    };
    await fetchTo(metainfo, 'here');
    await until(() => removing !== undefined);
    await removing;
    expect(await readdir(at('here'))).toEqual(['model']);
  });

  describe('rechecks', () => {
    it('a download that is as it was, and serves it as before', async () => {
      const { id } = await fetchTo(await content('here', 'bytes'), 'here');
      await until(() => catalog.find(id).view().state === 'complete');
      const { hash } = catalog.find(id).view();
      await catalog.recheck(id);
      await until(() => catalog.find(id).view().state === 'complete');
      expect(catalog.find(id).view().hash).toBe(hash);
      // Complete comes before durable; what it needed for that goes then.
      await until(() => !existsSync(at('here', '.panal')));
    });

    it('a download that was damaged: only what is bad is wanted again, and nobody loads it meanwhile', async () => {
      const metainfo = await content('here', 'bytes');
      await writeFile(at('here', 'model', 'second'), 'good');
      const both = (await shareContent({ path: at('here', 'model'), format: 'v2' })).metainfo;
      expect(both.contentId.equals(metainfo.contentId)).toBe(false);
      const { id } = await fetchTo(both, 'here');
      await until(() => catalog.find(id).view().state === 'complete');
      await writeFile(at('here', 'model', 'weights'), 'BYTES');
      await catalog.recheck(id);
      await until(() => catalog.find(id).view().state === 'waiting');
      expect(catalog.find(id).view()).toMatchObject({ chunksDone: 1, chunkCount: 2 });
      expect(await readdir(at('here'))).toEqual(['.panal']);
    });

    it('a download whose file grew: what is too much goes, and nothing is fetched', async () => {
      const { id } = await fetchTo(await content('here', 'bytes'), 'here');
      await until(() => catalog.find(id).view().state === 'complete');
      await writeFile(at('here', 'model', 'weights'), 'bytes and more');
      await catalog.recheck(id);
      await until(() => catalog.find(id).view().state === 'complete');
      expect(await readFile(at('here', 'model', 'weights'), 'utf8')).toBe('bytes');
    });

    it('a share: touched it is served again, changed it ends', async () => {
      await content('here', 'bytes');
      const { id } = await catalog.share({ path: at('here', 'model') });
      await until(() => catalog.find(id).view().state === 'complete');
      await writeFile(at('here', 'model', 'weights'), 'bytes');
      await catalog.recheck(id);
      await until(() => catalog.find(id).view().state === 'complete');
      await writeFile(at('here', 'model', 'weights'), 'BYTES');
      await catalog.recheck(id);
      await until(() => catalog.find(id).view().state === 'failed');
      expect(catalog.find(id).view().reason?.code).toBe('content_changed');
    });

    it('nothing that is still on its way', async () => {
      const { id } = await fetchTo(await content('elsewhere', 'new'), 'empty');
      await until(() => catalog.find(id).view().state === 'waiting');
      await expect(catalog.recheck(id)).rejects.toMatchObject({ code: 'recheck_early', retryable: true });
    });
  });

  it('names the chunk schedulers there are when it is asked for another', async () => {
    const request = { name: 'llm:v3', directory: root, scheduler: 'newest-first' };
    await expect(catalog.download(request)).rejects.toMatchObject({
      code: 'request_invalid',
      action: 'Use one of rarest-first, sequential, random.',
    });
    expect(catalog.all()).toEqual([]);
  });
});
