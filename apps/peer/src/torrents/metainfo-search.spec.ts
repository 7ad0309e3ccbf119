import { silentLogger } from '@panal/runtime';
import { createTorrent, formatContentId, type Metainfo } from '@panal/torrent';
import type { PeerInfo } from '@panal/wire';
import { downloadSource } from './download-source.js';
import { MetainfoSearch } from './metainfo-search.js';

const CHUNK = 16 * 1024;
const torrent = (name: string) =>
  createTorrent({
    name,
    isDirectory: false,
    chunkSizeBytes: CHUNK,
    format: 'v2',
    files: [{ path: [name], sizeBytes: 0, isExecutable: false }],
  });
const wanted = torrent('wanted');
const directory = '/got';
const { signal } = new AbortController();

/** A cluster: what trackers answer, and what each peer sends; an error is one that cannot be reached. */
interface Cluster {
  readonly tracked?: Uint8Array | null;
  readonly shelved?: Uint8Array;
  readonly peers?: Readonly<Record<string, Uint8Array | Error>>;
}

class SearchBed {
  /** Peers that were asked, in order. */
  readonly asked: string[] = [];
  readonly search: MetainfoSearch;

  constructor({ tracked = null, shelved, peers = {} }: Cluster) {
    const names = Object.keys(peers);
    this.search = new MetainfoSearch({
      trackers: {
        getMetadata: async (_request, isGood) => (tracked !== null && isGood(tracked) ? tracked : null),
        getName: async () => ({ hash: wanted.contentId, setAt: 1, history: [] }),
        lookup: async () => ({ peers: names.map(peerInfo), seedCount: names.length, leechCount: 0 }),
      },
      shelf: { find: () => (shelved === undefined ? undefined : ({ metadata: shelved } as never)) },
      fetchMetadata: async ({ port }) => {
        const name = names[port - 1] as string;
        this.asked.push(name);
        const answer = peers[name];
        if (answer instanceof Error) throw answer;
        return Buffer.from(answer as Uint8Array);
      },
      logger: silentLogger,
    });
  }

  resolve(request: object = { hash: formatContentId(wanted.contentId) }): Promise<Metainfo> {
    return this.search.resolve(downloadSource({ directory, ...request }), signal);
  }
}

function peerInfo(name: string, index: number): PeerInfo {
  const addresses = [{ network: 'default', host: '127.0.0.1', port: index + 1 }];
  return { id: Buffer.alloc(16, index + 1), name, addresses, isComplete: true };
}

describe('the search for a torrent file', () => {
  it('takes a torrent file as it is', async () => {
    const metainfo = torrent('x');
    const resolved = await new SearchBed({}).resolve({ torrent: metainfo.bytes.toString('base64') });
    expect(resolved.contentId).toEqual(metainfo.contentId);
  });

  it('believes no tracker: bytes of another torrent, or of none, are as good as no answer', async () => {
    for (const tracked of [torrent('other').bytes, Buffer.from('garbage'), null]) {
      await expect(new SearchBed({ tracked }).resolve()).rejects.toMatchObject({
        code: 'metadata_missing',
        retryable: true,
      });
    }
    expect((await new SearchBed({ tracked: wanted.bytes }).resolve()).name).toBe('wanted');
  });

  it('follows a name to its torrent', async () => {
    expect((await new SearchBed({ tracked: wanted.bytes }).resolve({ name: 'llm:v3' })).name).toBe('wanted');
  });

  it('asks peers when no tracker has it, one after the other until one is right', async () => {
    const bed = new SearchBed({
      peers: { gone: new Error('gone'), liar: torrent('other').bytes, good: wanted.bytes, spare: wanted.bytes },
    });
    expect((await bed.resolve()).bytes).toEqual(wanted.bytes);
    expect(bed.asked).toEqual(['gone', 'liar', 'good']);
  });

  it('asks a peer that was away once more, and one that lied never again', async () => {
    const bed = new SearchBed({ peers: { gone: new Error('gone'), liar: Buffer.from('garbage') } });
    await expect(bed.resolve()).rejects.toMatchObject({ code: 'metadata_missing' });
    await expect(bed.resolve()).rejects.toMatchObject({ code: 'metadata_missing' });
    expect(bed.asked).toEqual(['gone', 'liar', 'gone']);
  });

  it('asks nobody for what this peer serves itself', async () => {
    const bed = new SearchBed({ shelved: wanted.bytes, peers: { other: wanted.bytes } });
    expect((await bed.resolve()).name).toBe('wanted');
    expect(bed.asked).toEqual([]);
  });
});
