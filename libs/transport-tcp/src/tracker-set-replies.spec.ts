import { ReplyInvalidError } from './errors.js';
import {
  readAnnounce,
  readDeregister,
  readHeartbeat,
  readLookup,
  readMetadataGet,
  readMetadataPut,
  readNameGet,
  readNamePut,
  readTorrentList,
} from './tracker-set-replies.js';

const hash = Buffer.alloc(32, 1);
const peer = {
  id: Buffer.alloc(16),
  name: 'ada',
  addresses: [{ network: 'default', host: '192.0.2.1', port: 5550 }],
  isComplete: true,
};
const lookup = { peers: [peer], seedCount: 1, leechCount: 0 };
const intervals = { heartbeatIntervalMs: 1000, peerTtlMs: 3000 };
const announce = { ...lookup, ...intervals, isMetadataKnown: false, observedHost: '192.0.2.9' };
const summary = { hash, title: 't', sizeBytes: 1, seedCount: 0, leechCount: 0, requestCount: 2, names: ['llm:v3'] };

describe('what a tracker answers', () => {
  it.each<[string, (value: unknown) => unknown, unknown]>([
    ['a lookup', readLookup, lookup],
    ['an announce', readAnnounce, announce],
    ['a heartbeat', readHeartbeat, { ...intervals, unknown: [hash, Buffer.alloc(20)] }],
    ['a deregistration', readDeregister, { wasRegistered: true }],
    ['metadata that is there', readMetadataGet, { bytes: Buffer.from('d4:infode') }],
    ['metadata that is not', readMetadataGet, { bytes: null }],
    ['metadata put', readMetadataPut, { wasNew: false }],
    ['a name put', readNamePut, { isCurrent: true, hash }],
    ['a name', readNameGet, { hash, setAt: 5, history: [{ hash, setAt: 4 }] }],
    ['a list with more to come', readTorrentList, { torrents: [summary], next: hash }],
    ['the end of a list', readTorrentList, { torrents: [] }],
  ])('is taken when it is right: %s', (_name, read, reply) => {
    expect(read(reply)).toEqual(reply);
  });

  it('loses fields nobody knows', () => {
    expect(readLookup({ ...lookup, since2: 1 })).toEqual(lookup);
    expect(readTorrentList({ torrents: [], next: null })).toEqual({ torrents: [] });
  });

  it.each<[string, (value: unknown) => unknown, unknown]>([
    ['nothing', readLookup, null],
    ['text', readLookup, 'peers'],
    ['no peers', readLookup, { ...lookup, peers: undefined }],
    ['peers that are no list', readLookup, { ...lookup, peers: { length: 1 } }],
    ['too many peers', readLookup, { ...lookup, peers: Array.from({ length: 201 }, () => peer) }],
    ['a peer without an id', readLookup, { ...lookup, peers: [{ ...peer, id: 'x' }] }],
    ['a short peer id', readLookup, { ...lookup, peers: [{ ...peer, id: Buffer.alloc(15) }] }],
    ['port 0', readLookup, { ...lookup, peers: [{ ...peer, addresses: [{ ...peer.addresses[0], port: 0 }] }] }],
    ['port 65536', readLookup, { ...lookup, peers: [{ ...peer, addresses: [{ ...peer.addresses[0], port: 65536 }] }] }],
    [
      'an endless host',
      readLookup,
      { ...lookup, peers: [{ ...peer, addresses: [{ ...peer.addresses[0], host: 'x'.repeat(254) }] }] },
    ],
    ['a negative count', readLookup, { ...lookup, seedCount: -1 }],
    ['half a seed', readLookup, { ...lookup, seedCount: 0.5 }],
    ['no interval', readAnnounce, { ...announce, heartbeatIntervalMs: 0 }],
    ['no flag', readAnnounce, { ...announce, isMetadataKnown: 1 }],
    ['a hash of 21 bytes', readHeartbeat, { ...intervals, unknown: [Buffer.alloc(21)] }],
    ['metadata that is text', readMetadataGet, { bytes: 'd' }],
    ['metadata over a megabyte', readMetadataGet, { bytes: Buffer.alloc(1024 * 1024 + 1) }],
    ['a name without a time', readNameGet, { hash, history: [] }],
    ['an endless title', readTorrentList, { torrents: [{ ...summary, title: 'x'.repeat(256) }] }],
    ['a next that is no id', readTorrentList, { torrents: [], next: 'x' }],
  ])('is refused when it has %s', (_name, read, reply) => {
    expect(() => read(reply)).toThrow(ReplyInvalidError);
  });
});
