import { createTorrent, formatContentId } from '@panal/torrent';
import type { TrackerSet } from '@panal/transport-tcp';
import { downloadSource, resolveMetainfo } from './download-resolution.js';

const CHUNK = 16 * 1024;
const torrent = (name: string) =>
  createTorrent({
    name,
    isDirectory: false,
    chunkSizeBytes: CHUNK,
    format: 'v2',
    files: [{ path: [name], sizeBytes: 0, isExecutable: false }],
  });
const directory = '/got';
const { signal } = new AbortController();

/** Trackers that answer with `bytes`, whoever checks them. */
function trackersWith(bytes: Uint8Array | null, hash: Uint8Array = Buffer.alloc(32)): TrackerSet {
  const set: Pick<TrackerSet, 'getMetadata' | 'getName'> = {
    getMetadata: async (_request, isGood) => (bytes !== null && isGood(bytes) ? bytes : null),
    getName: async () => ({ hash, setAt: 1, history: [] }),
  };
  return set as TrackerSet;
}

describe('what a download asks for', () => {
  it.each([
    ['nothing', {}],
    ['two things', { name: 'llm:v3', hash: 'ab'.repeat(32) }],
    ['a name that is none', { name: '../etc' }],
    ['a hash that is none', { hash: 'xyz' }],
    ['a magnet that is none', { magnet: 'http://x' }],
    ['a torrent file that is none', { torrent: Buffer.from('hello').toString('base64') }],
  ])('refuses %s', (_what, request) => {
    expect(() => downloadSource({ directory, ...request })).toThrow(expect.objectContaining({ retryable: false }));
  });

  it('takes a torrent file as it is', async () => {
    const metainfo = torrent('x');
    const source = downloadSource({ directory, torrent: metainfo.bytes.toString('base64') });
    const resolved = await resolveMetainfo(source, trackersWith(null), signal);
    expect(resolved.contentId).toEqual(metainfo.contentId);
  });

  it('believes no tracker: bytes of another torrent, or of none, are as good as no answer', async () => {
    const wanted = torrent('wanted');
    const source = downloadSource({ directory, hash: formatContentId(wanted.contentId) });
    for (const bytes of [torrent('other').bytes, Buffer.from('garbage'), null]) {
      await expect(resolveMetainfo(source, trackersWith(bytes), signal)).rejects.toMatchObject({
        code: 'metadata_missing',
        retryable: true,
      });
    }
    expect((await resolveMetainfo(source, trackersWith(wanted.bytes), signal)).name).toBe('wanted');
  });

  it('follows a name to its torrent', async () => {
    const wanted = torrent('wanted');
    const source = downloadSource({ directory, name: 'llm:v3' });
    const resolved = await resolveMetainfo(source, trackersWith(wanted.bytes, wanted.contentId), signal);
    expect(resolved.name).toBe('wanted');
  });
});
