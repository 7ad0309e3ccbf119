import { readFileSync } from 'node:fs';
import { DatagramSeal, decodeEnvelope, encodeFrame } from '@panal/wire';
import { parseClusterMessage } from './cluster-message.js';
import { parseGossip } from './membership/gossip-message.js';
import { GossipQueue } from './membership/gossip-queue.js';
import { LocalHealth } from './membership/local-health.js';
import type { MemberProfile } from './membership/member.js';
import { Outbox } from './membership/membership-effect.js';
import { Outgoing } from './membership/outgoing.js';
import { Roster } from './membership/roster.js';

/** What trackers wrote that spoke no version after 2; see the note beside it. */
const frozen: readonly (readonly [string, string])[] = Object.entries(
  JSON.parse(readFileSync(new URL('../fixtures/protocol-2/messages.json', import.meta.url), 'utf8')) as object,
);
const links = frozen.filter(([name]) => name.startsWith('link '));
const datagrams = frozen.filter(([name]) => name.startsWith('datagram '));
const NOW_MS = 1_760_000_000_000;

function sealOf(tag: number): DatagramSeal {
  const random = { below: () => 0, bytes: (size: number) => Buffer.alloc(size, tag) };
  return new DatagramSeal({ secret: Buffer.alloc(32, 1), cluster: 'test', purpose: 'gossip', random });
}

function opened(hex: string): unknown {
  const datagram = sealOf(0xbb).open(Buffer.from(hex, 'hex'), NOW_MS);
  return datagram.kind === 'opened' ? datagram.message : datagram.fault;
}

const OLDER = { host: 'older', port: 5560 };

/** A tracker of this release, which knows one that says of itself that it speaks `protocol`. */
function outgoingTo(protocol: number): Outgoing {
  const self: MemberProfile = {
    id: '1'.repeat(32),
    name: 'newer',
    startedAt: 1,
    incarnation: 1,
    phase: 'active',
    rpc: { host: 'newer', port: 5555 },
    cluster: { host: 'newer', port: 5560 },
    zone: '',
    weight: 1,
    protocol: 3,
    isFit: true,
  };
  const roster = new Roster(self, { gossip: new GossipQueue(), health: new LocalHealth(), outbox: new Outbox() });
  const member = { ...self, id: '2'.repeat(32), name: 'older', cluster: OLDER, protocol };
  roster.learn({ kind: 'alive', member }, { nowMs: NOW_MS, steadyMs: 0 });
  return new Outgoing(roster, { min: 1, max: 3 });
}

/** What this release says of members beyond that. */
function asOfToday<Value>(value: Value): Value {
  if (Array.isArray(value)) return value.map(asOfToday) as Value;
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  const fields = Object.entries(value).map(([key, field]) => [key, asOfToday<unknown>(field)]);
  if ('incarnation' in value && 'phase' in value) fields.push(['isCordoned', true]);
  return Object.fromEntries(fields) as Value;
}

describe('messages between trackers of protocol version 2', () => {
  it.each(links)('are read: %s', (_name, hex) => {
    const { data } = decodeEnvelope(Buffer.from(hex, 'hex').subarray(4));
    expect(parseClusterMessage(data)).toEqual(data);
  });

  it.each(datagrams)('are read: %s', (_name, hex) => {
    expect(parseGossip(opened(hex))).toEqual(opened(hex));
  });

  // 1: what trackers of version 2 said of themselves.
  it.each(links)('are the same bytes for who speaks no later version: %s', (_name, hex) => {
    const { data, ...envelope } = decodeEnvelope(Buffer.from(hex, 'hex').subarray(4));
    for (const protocol of [1, 2]) {
      const effect = { kind: 'send', to: '2'.repeat(32), message: asOfToday(parseAsIs(data)) } as const;
      const sent = outgoingTo(protocol).inVersionOf(effect);
      expect(encodeFrame({ ...envelope, data: messageOf(sent) }).toString('hex')).toBe(hex);
    }
  });

  it.each(datagrams)('are the same bytes for who speaks no later version: %s', (_name, hex) => {
    for (const to of [OLDER, { host: 'unknown', port: 5560 }]) {
      const effect = { kind: 'datagram', to, message: asOfToday(opened(hex)) as never } as const;
      const sent = outgoingTo(2).inVersionOf(effect);
      expect(sealOf(0xaa).seal(messageOf(sent), NOW_MS).toString('hex')).toBe(hex);
    }
  });

  it('have more in them for who speaks a later one', () => {
    const name = 'datagram gossip with alive';
    const message = asOfToday(opened(datagrams.find(([one]) => one === name)?.[1] ?? ''));
    const sent = outgoingTo(3).inVersionOf({ kind: 'datagram', to: OLDER, message: message as never });
    expect(messageOf(sent)).toHaveProperty('news.0.member.isCordoned', true);
  });
});

/** The fields in the order they came in, which is that of the bytes. */
function parseAsIs(data: unknown): never {
  parseClusterMessage(data);
  return data as never;
}

function messageOf(effect: ReturnType<Outgoing['inVersionOf']>): object {
  if (effect.kind !== 'send' && effect.kind !== 'datagram') throw new Error('it carries no message');
  return effect.message;
}
