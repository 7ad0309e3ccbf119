import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import { createTorrent, FileHasher } from '@panal/torrent';
import {
  type AnnounceReply,
  type AnnounceRequest,
  HEARTBEAT_TORRENTS_MAX,
  type HeartbeatReply,
  type LookupReply,
  type NameGetReply,
  TRACKER_PATTERNS as patterns,
  type TorrentListReply,
  type TrackerStatusReply,
} from '@panal/wire';
import { hash, makeAnnounce, makePeer, makeTrackerFixture, type TrackerFixture, torrent } from './tracker.fixture.js';

function makeTorrentFile(name: string): { contentId: Buffer; bytes: Buffer } {
  const sizes = { sizeBytes: 100, chunkSizeBytes: 16_384 };
  const hasher = new FileHasher(sizes);
  hasher.push(Buffer.alloc(sizes.sizeBytes));
  const { piecesRoot, layer } = hasher.finish();
  const file = {
    path: [name],
    sizeBytes: sizes.sizeBytes,
    isExecutable: false,
    piecesRoot: piecesRoot as Buffer,
    layer,
  };
  return createTorrent({ name, isDirectory: false, chunkSizeBytes: sizes.chunkSizeBytes, format: 'v2', files: [file] });
}

describe('a tracker over a real socket', () => {
  let fixture: TrackerFixture;
  beforeEach(async () => {
    fixture = await makeTrackerFixture();
  });
  afterEach(() => fixture.close());

  const call = <Reply>(pattern: string, data: unknown) => fixture.client.call<Reply>(pattern, data);
  const announce = (number: number, changes: Partial<AnnounceRequest> = {}) =>
    call<AnnounceReply>(patterns.announce, makeAnnounce(number, changes));
  const lookup = () => call<LookupReply>(patterns.lookup, { ...torrent, peerCountMax: 10 });

  it('brings two peers of a torrent together, keeps them by heartbeats and lets one go', async () => {
    expect(await announce(1)).toMatchObject({ peers: [], isMetadataKnown: false, observedHost: '127.0.0.1' });
    const { peers } = await announce(2, { isComplete: false });
    expect(peers).toMatchObject([{ name: 'p1', addresses: makePeer(1).addresses, isComplete: true }]);
    expect(Buffer.from(peers[0]?.id ?? [])).toEqual(makePeer(1).id);

    const beat = { namespace: 'default', peerId: makePeer(2).id, incarnation: 1 };
    const torrents = [hash, Buffer.alloc(20, 9)].map((one) => ({ hash: one, isComplete: true }));
    const reply = await call<HeartbeatReply>(patterns.heartbeat, { ...beat, torrents });
    expect(reply.unknown.map((one) => Buffer.from(one))).toEqual([Buffer.alloc(20, 9)]);
    expect(await lookup()).toMatchObject({ seedCount: 2, leechCount: 0 });

    const bye = { ...torrent, peerId: makePeer(1).id };
    expect(await call(patterns.deregister, bye)).toMatchObject({ wasRegistered: true, copies: 1 });
    expect(await call(patterns.deregister, bye)).toMatchObject({ wasRegistered: false });
    expect((await lookup()).peers.map(({ name }) => name)).toEqual(['p2']);
  });

  it('keeps torrent files, names and the list of what there is', async () => {
    const { contentId, bytes } = makeTorrentFile('model.bin');
    const about = { namespace: 'default', hash: contentId, index: 0 };
    expect(await call(patterns.metadataGet, about)).toEqual({ bytes: null });
    expect(await call(patterns.metadataPut, { ...about, bytes })).toMatchObject({ wasNew: true, copies: 1 });
    expect(await call(patterns.metadataPut, { ...about, bytes })).toMatchObject({ wasNew: false });
    const got = await call<{ bytes: Uint8Array }>(patterns.metadataGet, about);
    expect(Buffer.from(got.bytes)).toEqual(bytes);
    expect(await announce(1, { hash: contentId })).toMatchObject({ isMetadataKnown: true });

    const name = { namespace: 'default', name: 'llm:v3' };
    expect(await call(patterns.namePut, { ...name, hash: contentId, setAt: 10 })).toMatchObject({ isCurrent: true });
    expect(await call(patterns.namePut, { ...name, hash, setAt: 5 })).toMatchObject({ isCurrent: false });
    const named = await call<NameGetReply>(patterns.nameGet, name);
    expect(Buffer.from(named.hash)).toEqual(contentId);
    expect(named.history).toMatchObject([{ setAt: 5 }]);

    const list = await call<TorrentListReply>(patterns.torrentList, { namespace: 'default', countMax: 100 });
    expect(list.torrents).toMatchObject([{ title: 'model.bin', sizeBytes: 100, seedCount: 1, names: ['llm:v3'] }]);
    const status = await call<TrackerStatusReply>(patterns.status, { namespace: 'default' });
    expect(status).toMatchObject({ name: 't1', torrentCount: 1, peerCount: 1, entryCount: 1, nameCount: 1 });
    expect(status.id).toMatch(/^[0-9a-f]{32}$/);
  });

  it('refuses a torrent file under the id of another one', async () => {
    const { bytes } = makeTorrentFile('model.bin');
    await expect(call(patterns.metadataPut, { ...torrent, bytes })).rejects.toMatchObject({
      code: 'metadata_mismatch',
    });
    expect(await call(patterns.metadataGet, torrent)).toEqual({ bytes: null });
  });

  it('refuses the second claimant of a name, and an unknown name', async () => {
    await announce(1);
    const refused = announce(2, { peer: makePeer(2, { name: 'p1' }) });
    await expect(refused).rejects.toMatchObject({
      code: 'peer_name_taken',
      message: expect.stringContaining('192.0.2.1:5550') as string,
    });
    const nobody = { namespace: 'default', name: 'nobody' };
    await expect(call(patterns.nameGet, nobody)).rejects.toMatchObject({ code: 'name_unknown', retryable: false });
  });

  it('forgets peers that went silent', async () => {
    await announce(1);
    fixture.clock.jump(fixture.config.peerTtlMs);
    expect(await lookup()).toMatchObject({ peers: [], seedCount: 0 });
    expect((await fixture.get('/metrics')).text).toContain('panal_tracker_expired_total{kind="peer"} 1');
  });

  it('takes a full heartbeat', async () => {
    const torrents = Array.from({ length: HEARTBEAT_TORRENTS_MAX }, (_, at) => {
      const one = Buffer.alloc(32);
      one.writeUInt32BE(at);
      return { hash: one, isComplete: true };
    });
    const beat = { namespace: 'default', peerId: makePeer(1).id, incarnation: 1, torrents };
    const { unknown } = await call<HeartbeatReply>(patterns.heartbeat, beat);
    expect(unknown).toHaveLength(HEARTBEAT_TORRENTS_MAX);
  });

  it('hands out a peer that advertises nothing where it answered', async () => {
    const peerPort: Server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => {
      peerPort.listen(0, '127.0.0.1', resolve);
    });
    const dialledBack = new Promise((resolve) => {
      peerPort.once('connection', resolve);
    });
    const { port } = peerPort.address() as AddressInfo;
    await announce(1, { peer: makePeer(1, { addresses: [], dataPort: port }) });
    await dialledBack;
    let found = await lookup();
    // The tracker's side of the connection may be a turn of the loop behind; each round is a round trip to it.
    for (let round = 0; found.peers.length === 0 && round < 100; round += 1) found = await lookup();
    expect(found.peers[0]?.addresses).toEqual([{ network: 'default', host: '127.0.0.1', port }]);
    await new Promise((resolve) => {
      peerPort.close(resolve);
    });
  });
});
