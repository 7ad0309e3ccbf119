import { readFileSync } from 'node:fs';
import { ClientHandshake } from './client-handshake.js';
import { decodeEnvelope, type Envelope, encodeFrame } from './envelope.js';
import type { HandshakeOptions } from './handshake.js';
import { isPatternIn, replyFor, withoutNewer } from './message-versions.js';
import { ServerHandshake } from './server-handshake.js';
import { TRACKER_PATTERNS as patterns } from './tracker-messages.js';
import { PROTOCOL_VERSION, SUPPORTED_VERSIONS } from './version.js';

/** What the last build wrote that spoke no version after 2; see the note beside it. */
const frozen = new Map<string, string>(
  Object.entries(
    JSON.parse(readFileSync(new URL('../fixtures/protocol-2/messages.json', import.meta.url), 'utf8')) as object,
  ),
);
const namesOf = (kind: string): string[] => [...frozen.keys()].filter((name) => name.startsWith(`${kind} `));
const bytesOf = (name: string): Buffer => Buffer.from(frozen.get(name) ?? '', 'hex');
const read = (name: string): Envelope => decodeEnvelope(bytesOf(name).subarray(4));

/** What this build adds to the replies: the spec below fails when a field is added here and not to the table. */
function asOfToday(pattern: string, data: unknown): unknown {
  const reply = data as { readonly members?: readonly object[] };
  if (pattern === patterns.clusterMembers)
    return { ...reply, members: reply.members?.map((one) => ({ ...one, isCordoned: true })) };
  if (pattern === patterns.heartbeat) return { ...reply, revoked: [Buffer.alloc(16)] };
  if (pattern === patterns.clusterStatus)
    return { ...reply, members: reply.members?.map((one) => ({ ...one, isCordoned: false, protocol: 3 })) };
  return reply;
}

describe('messages of protocol version 2', () => {
  it.each([...namesOf('request'), 'link hello'])('reads and writes as it was: %s', (name) => {
    const envelope = read(name);
    expect(envelope.data).toMatchObject(name === 'link hello' ? { protocol: { max: 2 } } : { namespace: 'default' });
    expect(encodeFrame(envelope).equals(bytesOf(name))).toBe(true);
  });

  it.each(namesOf('reply'))('writes the same bytes for who agreed on version 2: %s', (name) => {
    const pattern = name.split(' ')[1] ?? '';
    const { data, ...envelope } = read(name);
    const today = asOfToday(pattern, data);
    expect(encodeFrame({ ...envelope, data: replyFor(pattern, today, 2) }).equals(bytesOf(name))).toBe(true);
    expect(replyFor(pattern, today, PROTOCOL_VERSION)).toBe(today);
  });

  it.each(['rpc', 'cluster', 'data'] as const)('has this hello for %s', (purpose) => {
    const [client, server] = {
      rpc: ['peer:p1', 'tracker:t1'],
      cluster: ['tracker:t2', 'tracker:t1'],
      data: ['peer:p1', 'peer:p2'],
    }[purpose] as [string, string];
    const options = (principal: string): HandshakeOptions => ({
      identity: { role: principal.startsWith('peer') ? 'peer' : 'tracker', cluster: 'panal', principal },
      secret: Buffer.alloc(32, 1),
      random: { below: () => 0, bytes: (size) => Buffer.alloc(size, 0xaa) },
      purpose,
      versions: { min: 1, max: 2 },
    });
    const dialling = new ClientHandshake(options(client));
    expect(dialling.start().toString('hex')).toBe(frozen.get(`hello ${purpose} client`));
    const answer = new ServerHandshake({ ...options(server), versions: SUPPORTED_VERSIONS }).receive(dialling.start());
    const bytes = answer.kind === 'send' ? answer.bytes : Buffer.alloc(0);
    expect(bytes.toString('hex')).toBe(frozen.get(`hello ${purpose} server`));
    const done = dialling.receive(bytes);
    expect(done.kind === 'done' ? done.send?.toString('hex') : '').toBe(frozen.get(`hello ${purpose} proof`));
    expect(done.kind === 'done' ? done.session.version : 0).toBe(2);
  });
});

describe('what is newer than the agreed version', () => {
  it.each(namesOf('reply'))('is in no reply to version 1: %s', (name) => {
    const pattern = name.split(' ')[1] ?? '';
    const reply = replyFor(pattern, asOfToday(pattern, read(name).data), 1);
    for (const field of ['owners', 'membersEpoch', 'copies']) expect(reply).not.toHaveProperty(field);
  });

  it.each([
    [patterns.announce, 1],
    [patterns.clusterMembers, 2],
    [patterns.clusterDrain, 2],
    [patterns.clusterCordon, 3],
    [patterns.clusterSnapshot, 3],
    [patterns.accessWatch, 3],
    ['plugin.of.somebody', 1],
  ])('is no message: %s is there since %i', (pattern, version) => {
    expect(isPatternIn(pattern, version)).toBe(true);
    expect(isPatternIn(pattern, version - 1)).toBe(false);
  });

  it('is left out of lists and of what is in them, and the message it is in stays as it was', () => {
    const fields = { newest: 3, list: { newer: 2, inner: { newest: 3 } } };
    const message = { old: 1, newest: 2, list: [{ old: 3, newer: 4, inner: { newest: 5 } }, 6, null] };
    expect(withoutNewer(message, fields, 3)).toBe(message);
    expect(withoutNewer(message, fields, 2)).toEqual({ old: 1, list: [{ old: 3, newer: 4, inner: {} }, 6, null] });
    expect(withoutNewer(message, fields, 1)).toEqual({ old: 1, list: [{ old: 3, inner: {} }, 6, null] });
    expect(message.list).toHaveLength(3);
  });
});
