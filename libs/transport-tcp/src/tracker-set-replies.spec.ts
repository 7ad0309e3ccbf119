import { ReplyInvalidError } from './errors.js';
import {
  readAnnounce,
  readClusterMembers,
  readDeregister,
  readHeartbeat,
  readLookup,
  readMetadataGet,
  readMetadataPut,
  readNameGet,
  readNamePut,
  readTicket,
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
const member = {
  id: 'ab'.repeat(16),
  name: 't1',
  rpc: { host: '192.0.2.1', port: 5555 },
  zone: '',
  weight: 0.5,
  phase: 'active',
  isAlive: true,
};
const members = { clusterId: 'c1', epoch: 7, slotCount: 16_384, members: [member] };
const ticket = {
  ticket: Buffer.alloc(200),
  expiresAt: 5,
  signingKeys: [Buffer.alloc(32)],
  revoked: [Buffer.alloc(16)],
};
const hints = { owners: ['192.0.2.1:5555', '[2001:db8::1]:5555'], membersEpoch: 7 };
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
    ['a ticket', readTicket, ticket],
    ['a heartbeat with revoked keys', readHeartbeat, { ...intervals, unknown: [], revoked: [Buffer.alloc(16)] }],
    ['the end of a list', readTorrentList, { torrents: [] }],
    ['the members of a cluster', readClusterMembers, members],
    ['the members, from one that says who it is', readClusterMembers, { ...members, self: member.id }],
    ['an announce of a cluster', readAnnounce, { ...announce, ...hints, copies: 3 }],
    ['a lookup of a cluster', readLookup, { ...lookup, ...hints }],
    ['a heartbeat of a cluster', readHeartbeat, { ...intervals, unknown: [], membersEpoch: 8 }],
    ['a name of a cluster', readNameGet, { hash, setAt: 5, history: [], ...hints }],
    ['a name put of a cluster', readNamePut, { isCurrent: true, hash, ...hints, copies: 200 }],
    ['a deregistration of a cluster', readDeregister, { wasRegistered: true, ...hints, copies: 2 }],
    ['metadata put of a cluster', readMetadataPut, { wasNew: true, ...hints, copies: 1 }],
    ['metadata of a cluster', readMetadataGet, { bytes: null, ...hints }],
  ])('is taken when it is right: %s', (_name, read, reply) => {
    expect(read(reply)).toEqual(reply);
  });

  it('loses fields nobody knows', () => {
    expect(readLookup({ ...lookup, since2: 1 })).toEqual(lookup);
    expect(readTorrentList({ torrents: [], next: null })).toEqual({ torrents: [] });
    expect(readLookup({ ...lookup, owners: null, membersEpoch: null })).toEqual(lookup);
    expect(readClusterMembers({ ...members, self: null })).toEqual(members);
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
    ['too many owners', readLookup, { ...lookup, owners: Array.from({ length: 6 }, () => 'a:1') }],
    ['an endless owner', readLookup, { ...lookup, owners: ['x'.repeat(262)] }],
    ['an epoch that is text', readLookup, { ...lookup, membersEpoch: '7' }],
    ['copies that are no number', readAnnounce, { ...announce, copies: true }],
    ['too many members', readClusterMembers, { ...members, members: Array.from({ length: 257 }, () => member) }],
    ['a member without an id', readClusterMembers, { ...members, members: [{ ...member, id: 'AB' }] }],
    ['a member in no phase', readClusterMembers, { ...members, members: [{ ...member, phase: 'gone' }] }],
    ['a member of no weight', readClusterMembers, { ...members, members: [{ ...member, weight: 0 }] }],
    ['a member of endless weight', readClusterMembers, { ...members, members: [{ ...member, weight: 1 / 0 }] }],
    ['a member that is nowhere', readClusterMembers, { ...members, members: [{ ...member, rpc: '192.0.2.1:5555' }] }],
    ['a ticket that is text', readTicket, { ...ticket, ticket: 'x' }],
    ['an endless ticket', readTicket, { ...ticket, ticket: Buffer.alloc(2_000) }],
    ['a signing key of 31 bytes', readTicket, { ...ticket, signingKeys: [Buffer.alloc(31)] }],
    ['three signing keys', readTicket, { ...ticket, signingKeys: [1, 2, 3].map(() => Buffer.alloc(32)) }],
    ['a revoked key that is text', readHeartbeat, { ...intervals, unknown: [], revoked: ['x'] }],
    [
      'too many revoked keys',
      readTicket,
      { ...ticket, revoked: Array.from({ length: 1_025 }, () => Buffer.alloc(16)) },
    ],
    ['a self that is no id', readClusterMembers, { ...members, self: 'x' }],
  ])('is refused when it has %s', (_name, read, reply) => {
    expect(() => read(reply)).toThrow(ReplyInvalidError);
  });
});
