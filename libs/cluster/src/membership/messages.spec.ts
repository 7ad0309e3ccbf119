import { DATAGRAM_BODY_SIZE_MAX, HOST_SIZE_MAX, IDENTIFIER_SIZE_MAX } from '@panal/wire';
import fc from 'fast-check';
import { pack, unpack } from 'msgpackr';
import { ClusterMessageInvalidError } from './errors.js';
import { bodySizeMax, type GossipBody, type GossipMessage, parseGossip } from './gossip-message.js';
import { GossipQueue } from './gossip-queue.js';
import { MEMBERS_LISTED_MAX, NEWS_COUNT_MAX } from './limits.js';
import type { MemberProfile } from './member.js';
import { type MembershipMessage, parseMembershipMessage } from './membership-message.js';
import { type News, newsSizeMax } from './news.js';

const STAMP_MAX = Number.MAX_SAFE_INTEGER;
const ID = 'f'.repeat(32);
const longName = 'n'.repeat(IDENTIFIER_SIZE_MAX);
const address = { host: 'h'.repeat(HOST_SIZE_MAX), port: 65_535 };
/** The largest there is. */
const profile: MemberProfile = {
  id: ID,
  name: longName,
  startedAt: STAMP_MAX,
  incarnation: STAMP_MAX,
  phase: 'joining',
  rpc: address,
  cluster: address,
  zone: longName,
  weight: 0.123456789,
  protocol: 65_535,
  isFit: true,
  isCordoned: false,
};
const news: readonly News[] = [
  { kind: 'alive', member: profile },
  { kind: 'suspect', id: ID, startedAt: STAMP_MAX, incarnation: STAMP_MAX, by: ID },
  { kind: 'dead', id: ID, startedAt: STAMP_MAX, incarnation: STAMP_MAX, by: ID },
  { kind: 'left', id: ID, startedAt: STAMP_MAX, incarnation: STAMP_MAX },
  { kind: 'coordinator', id: ID, term: STAMP_MAX, renewal: STAMP_MAX, leaseMs: 60_000 },
];
const sender = { from: ID, startedAt: STAMP_MAX };
const bodies: readonly GossipBody[] = [
  { kind: 'ping', seq: 0xffff_ffff, to: ID },
  { kind: 'ping-request', seq: 0xffff_ffff, target: ID, address },
  { kind: 'ack', seq: 0xffff_ffff, timeMs: 1_760_000_000_000.5 },
  { kind: 'nack', seq: 0xffff_ffff },
  { kind: 'gossip' },
];
const member = { ...profile, health: 'suspect' as const };
const links: readonly MembershipMessage[] = [
  {
    kind: 'join',
    to: address,
    clusterName: longName,
    slotCount: 16_384,
    protocolMin: 1,
    protocolMax: 2,
    member: profile,
    members: [member],
  },
  { kind: 'welcome', to: address, members: [member, { ...member, zone: '', health: 'left' }] },
  { kind: 'reject', to: address, reason: 'full', explanation: 'No.' },
  { kind: 'members', wantsReply: true, members: [] },
  { kind: 'probe', seq: 7, to: ID },
  { kind: 'probe-ack', seq: 7, timeMs: 12 },
];
const gossips = bodies.map((body): GossipMessage => ({ ...body, ...sender, news }));

const all: readonly { readonly parse: (value: unknown) => unknown; readonly message: unknown }[] = [
  ...gossips.map((message) => ({ parse: parseGossip, message })),
  ...links.map((message) => ({ parse: parseMembershipMessage, message })),
];

describe('messages between trackers', () => {
  it.each(gossips)('reads back a $kind', (message) => {
    expect(parseGossip(unpack(pack(message)))).toEqual(message);
  });

  it.each(links)('reads back a $kind', (message) => {
    expect(parseMembershipMessage(unpack(pack(message)))).toEqual(message);
  });

  it('takes fields of later versions, and leaves them out', () => {
    expect(parseGossip({ ...gossips[3], later: 1 })).toEqual(gossips[3]);
  });

  it('refuses each field that is missing or of another type', () => {
    const taken = new Set<string>();
    for (const { parse, message } of all) {
      for (const path of pathsOf(message)) {
        for (const wrong of [undefined, null, -1, 1.5, '', 'x y', [], {}, Number.NaN, 2 ** 60, Buffer.alloc(3)]) {
          if (faultOf(() => parse(withValue(message, path, wrong))) === undefined)
            taken.add(`${path.at(-1)}: ${JSON.stringify(wrong)}`);
        }
      }
    }
    // What version 2 does not have; no zone, no news, no members; a part of a weight or of a millisecond; any text for people, and names that only compare.
    expect([...taken].sort()).toEqual([
      'clusterName: ""',
      'clusterName: "x y"',
      'explanation: ""',
      'explanation: "x y"',
      'isCordoned: undefined',
      'members: []',
      'news: []',
      'timeMs: 1.5',
      'weight: 1.5',
      'zone: ""',
    ]);
  });

  it('throws nothing but its own error, whatever comes', () => {
    fc.assert(
      fc.property(fc.anything(), fc.constantFrom(...all), fc.nat(), (junk, { parse, message }, at) => {
        const paths = pathsOf(message);
        const changed = withValue(message, paths[at % paths.length] ?? [], junk);
        expect(() => [faultOf(() => parse(junk)), faultOf(() => parse(changed))]).not.toThrow();
      }),
      { numRuns: 2_000 },
    );
  });

  it('refuses more news or members than there can be', () => {
    const many = Array.from({ length: NEWS_COUNT_MAX + 1 }, () => news[3]);
    expect(() => parseGossip({ ...gossips[0], news: many })).toThrow('it.news is no list of at most 32');
    const members = Array.from({ length: MEMBERS_LISTED_MAX + 1 }, () => member);
    expect(() => parseMembershipMessage({ kind: 'members', wantsReply: false, members })).toThrow(
      ClusterMessageInvalidError,
    );
  });

  it('is never larger than it was thought to be', () => {
    for (const one of news) expect(pack(one).length).toBeLessThanOrEqual(newsSizeMax(one));
    for (const body of bodies) {
      expect(pack({ ...body, ...sender, news: [] }).length).toBeLessThanOrEqual(bodySizeMax(body));
    }
  });

  it('has room for the longest news in any datagram', () => {
    for (const body of bodies) {
      const queue = new GossipQueue();
      for (const one of news) queue.add(one);
      for (let round = 0; round < 10; round += 1) {
        const taken = queue.take(DATAGRAM_BODY_SIZE_MAX - bodySizeMax(body), 3, []);
        expect(pack({ ...body, ...sender, news: taken }).length).toBeLessThanOrEqual(DATAGRAM_BODY_SIZE_MAX);
      }
    }
    const largest = bodySizeMax({ kind: 'ping', seq: 1, to: ID }) + newsSizeMax({ kind: 'alive', member: profile });
    expect(largest).toBeLessThanOrEqual(DATAGRAM_BODY_SIZE_MAX);
  });
});

type Path = readonly (string | number)[];

function pathsOf(value: unknown, at: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [at];
  return [...(at.length > 0 ? [at] : []), ...Object.entries(value).flatMap(([key, one]) => pathsOf(one, [...at, key]))];
}

function withValue(message: unknown, path: Path, value: unknown): unknown {
  const copy: unknown = structuredClone(message);
  let holder = copy as Record<string, unknown>;
  for (const key of path.slice(0, -1)) holder = holder[key] as Record<string, unknown>;
  const last = path.at(-1);
  if (last !== undefined) holder[last] = value;
  return copy;
}

function faultOf(parse: () => unknown): string | undefined {
  try {
    parse();
    return undefined;
  } catch (error) {
    if (error instanceof ClusterMessageInvalidError) return error.message;
    throw error;
  }
}
