import { METADATA_SIZE_MAX } from '@panal/wire';
import { PEER_TTL_MS } from './limits.js';
import { type Fixture, makeAnnounce, makeHash, makePeer, makeTorrentFile, makeTracking } from './tracking.fixture.js';

const TTL_MS = 3 * PEER_TTL_MS;

describe('MetadataStore', () => {
  let fixture: Fixture;
  beforeEach(() => {
    fixture = makeTracking({ metadataTtlMs: TTL_MS });
  });

  const file = makeTorrentFile('a.bin');
  const about = (hash: Uint8Array) => ({ namespace: 'default', hash, index: -1 });
  const put = ({ contentId, bytes } = file) => fixture.tracking.metadata.put({ ...about(contentId), bytes });
  const get = async (hash: Uint8Array = file.contentId) => (await fixture.tracking.metadata.get(about(hash))).bytes;

  it('gives back the bytes it was given', async () => {
    expect(await get()).toBeNull();
    expect(await put()).toMatchObject({ wasNew: true, copies: 1 });
    expect(await get()).toEqual(file.bytes);
    expect((await fixture.tracking.metadata.get({ ...about(file.contentId), namespace: 'other' })).bytes).toBeNull();
  });

  it('keeps the first of two files with one content id', async () => {
    const other = makeTorrentFile('a.bin', { comment: 'not covered by the id' });
    expect(other.contentId).toEqual(file.contentId);
    await put();
    expect(await put(other)).toMatchObject({ wasNew: false });
    expect(await get()).toEqual(file.bytes);
  });

  it.each([
    ['the file of another torrent', () => makeTorrentFile('b.bin').bytes],
    ['no torrent file', () => Buffer.from('d4:spam4:eggse')],
    ['no bencode', () => Buffer.from('hello')],
    ['nothing', () => Buffer.alloc(0)],
    ['a file cut short', () => file.bytes.subarray(0, -1)],
  ])('refuses %s under a content id', async (_, bytes) => {
    await expect(put({ ...file, bytes: bytes() })).rejects.toMatchObject({
      code: 'metadata_mismatch',
      retryable: false,
    });
    expect(await get()).toBeNull();
    expect(fixture.tracking.totals()).toMatchObject({ torrentCount: 0, metadataBytes: 0 });
  });

  it('refuses more than it keeps before it looks inside', async () => {
    const bytes = Buffer.alloc(METADATA_SIZE_MAX + 1);
    await expect(put({ ...file, bytes })).rejects.toMatchObject({ code: 'metadata_too_large' });
  });

  it('tells an announcing peer whether the file is known, and shows its name in the list', async () => {
    const announce = makeAnnounce(makePeer(1), { hash: file.contentId, title: 'a lie', sizeBytes: 5 });
    expect(await fixture.tracking.peers.announce(announce, 'h')).toMatchObject({ isMetadataKnown: false });
    await put();
    expect(await fixture.tracking.peers.announce(announce, 'h')).toMatchObject({ isMetadataKnown: true });
    const { torrents } = await fixture.tracking.catalog.list({ namespace: 'default', countMax: 1 });
    expect(torrents).toMatchObject([{ title: 'a.bin', sizeBytes: 1_000 }]);
  });

  it('forgets what nobody has needed for its time', async () => {
    await put();
    fixture.clock.advance(TTL_MS - 1);
    expect((await fixture.tracking.expire()).metadataCount).toBe(0);
    fixture.clock.advance(1);
    expect((await fixture.tracking.expire()).metadataCount).toBe(1);
    expect(await get()).toBeNull();
    expect(fixture.tracking.totals()).toMatchObject({ torrentCount: 0, metadataBytes: 0 });
  });

  it('keeps what is asked for, shared or named', async () => {
    const [asked, shared, named] = ['asked', 'shared', 'named'].map((name) => makeTorrentFile(name));
    for (const one of [asked, shared, named]) await put(one);
    const setAt = 5;
    await fixture.tracking.names.put({ namespace: 'default', name: 'llm:v3', hash: named?.contentId as Buffer, setAt });
    const announce = makeAnnounce(makePeer(1), { hash: shared?.contentId as Buffer });
    for (let round = 0; round < 8; round += 1) {
      await fixture.tracking.peers.announce(announce, 'h');
      await get(asked?.contentId);
      fixture.clock.advance(PEER_TTL_MS - 1);
      await fixture.tracking.expire();
    }
    for (const one of [asked, shared, named]) expect(await get(one?.contentId)).toEqual(one?.bytes);
  });

  it('makes room by what nobody needs, the longest unused first', async () => {
    const [first, second, third] = ['1', '2', '3'].map((name) => makeTorrentFile(name));
    const totalBytesMax = 2 * (first?.bytes.length ?? 0);
    fixture = makeTracking({ limits: { metadataTotalBytesMax: totalBytesMax } });
    await put(first);
    await put(second);
    await get(first?.contentId);
    await put(third);
    const kept = await Promise.all([first, second, third].map((one) => get(one?.contentId)));
    expect(kept.map((bytes) => bytes !== null)).toEqual([true, false, true]);
    expect(fixture.tracking.totals().metadataBytes).toBeLessThanOrEqual(totalBytesMax);
  });

  it('refuses, for now, when everything it holds is needed', async () => {
    fixture = makeTracking({ limits: { metadataTotalBytesMax: file.bytes.length } });
    await put();
    await fixture.tracking.peers.announce(makeAnnounce(makePeer(1), { hash: file.contentId }), 'h');
    await expect(put(makeTorrentFile('b.bin'))).rejects.toMatchObject({ code: 'tracker_full', retryable: true });
    expect(await get()).toEqual(file.bytes);
  });

  it('does not mistake a hash it was never given', async () => {
    expect(await get(makeHash(1))).toBeNull();
  });
});
