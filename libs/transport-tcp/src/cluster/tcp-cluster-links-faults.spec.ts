import { createServer, type Server } from 'node:net';
import { type PanalError, SeededRandom } from '@panal/runtime';
import { type Envelope, encodeFrame, type HelloIdentity, type HelloPurpose } from '@panal/wire';
import fc from 'fast-check';
import { dialTcp } from '../rpc/dial-tcp.js';
import { bedPorts, bedSecret, failureOf, RpcBed, realTimers, until } from '../rpc/rpc-bed.fixture.js';
import { type Secured, secureClient } from '../secure-socket.js';
import { type BedTracker, ClusterBed, ID_A, ID_B, ID_C, introduce, linkCount } from './cluster-bed.fixture.js';
import { LINKS_PER_NEIGHBOUR_MAX } from './cluster-limits.js';
import { parseLinkHello } from './link-messages.js';

const bed = new ClusterBed();
const rawBed = new RpcBed();
afterEach(() => Promise.all([bed.end(), rawBed.end()]));

const trackerIdentity: HelloIdentity = { role: 'tracker', cluster: 'bed', principal: 'tracker:tx' };
const hello = { trackerId: ID_C, startedAt: 5, protocol: { min: 1, max: 9 } };

interface HandMade {
  readonly secured: Secured;
  say(command: string, data: unknown): void;
  write(bytes: Uint8Array): void;
  readonly closed: Promise<void>;
  isClosed(): boolean;
  destroy(): void;
}

/** A connection to a tracker, made by hand, that does not read by itself. */
async function handMade(
  to: BedTracker,
  identity: HelloIdentity = trackerIdentity,
  { purpose = 'cluster', secret = bedSecret }: { purpose?: HelloPurpose; secret?: Buffer } = {},
): Promise<HandMade> {
  const timeoutMs = 2_000;
  const stream = await dialTcp(to.address, { timers: realTimers, timeoutMs, signal: new AbortController().signal });
  bed.onEnd(async () => void stream.destroy());
  const random = new SeededRandom(7);
  const secured = await secureClient(stream, { identity, secret, random, timers: realTimers, timeoutMs, purpose });
  let isClosed = false;
  const closed = new Promise<void>((resolve) => {
    stream.once('close', () => {
      isClosed = true;
      resolve();
    });
  });
  const write = (bytes: Uint8Array): void => {
    for (const piece of secured.session.sealer.seal([bytes])) stream.write(piece);
  };
  const envelope = { kind: 'event', msgId: 0, timestamp: 0, version: 0, endpoint: 'cluster', handler: 'link' } as const;
  return {
    secured,
    write,
    say: (command, data) => write(encodeFrame({ ...envelope, command, data })),
    closed,
    isClosed: () => isClosed,
    destroy: () => stream.destroy(),
  };
}

function encodeOrNothing(envelope: Envelope): Buffer {
  try {
    return encodeFrame(envelope);
  } catch {
    // An error that is no report: not even a hostile member gets it through its own encoder.
    return Buffer.alloc(0);
  }
}

describe('a tracker refuses', () => {
  it('another cluster and another key, by name, on both sides', async () => {
    const a = await bed.tracker(ID_A);
    const other = await bed.tracker(ID_B, { cluster: 'other' });
    const impostor = await bed.tracker(ID_C, { secret: Buffer.alloc(32, 9) });
    for (const { links } of [other, impostor]) links.send(a.address, { n: 1 });
    await until(() => other.links.counters.messagesDropped === 1 && impostor.links.counters.messagesDropped === 1);
    expect(other.links.counters.dialsFailed).toEqual({ cluster_mismatch: 1 });
    expect(impostor.links.counters.dialsFailed).toEqual({ key_mismatch: 1 });
    await until(() => Object.keys(a.links.counters.refused).length === 2);
    expect(a.links.counters.refused).toEqual({ cluster_mismatch: 1, key_mismatch: 1 });
    expect(a.messages).toEqual([]);
  });

  it('who is no tracker, and who came for something else', async () => {
    const a = await bed.tracker(ID_A);
    const peer = { role: 'peer', cluster: 'bed', principal: 'peer:ada' } as const;
    expect(await failureOf(handMade(a, peer, { purpose: 'rpc' }))).toMatchObject({ code: 'purpose_mismatch' });
    const connection = await handMade(a, peer);
    connection.say('hello', hello);
    await until(() => a.links.counters.refused.protocol_violation === 1);
    expect(a.links.counters.refused).toEqual({ purpose_mismatch: 1, protocol_violation: 1 });
    expect(a.links.counters.linksOpened).toBe(0);
  });

  it('a release with which it has no version in common', async () => {
    const a = await bed.tracker(ID_A, { protocol: { min: 1, max: 2 } });
    const b = await bed.tracker(ID_B, { protocol: { min: 3, max: 4 } });
    const error = (await failureOf(a.links.request(b.address, 'a.b.c', 0))) as PanalError;
    expect(error).toMatchObject({ code: 'link_unavailable', cause: { code: 'protocol_unsupported' } });
    await until(() => b.links.counters.refused.protocol_unsupported === 1);
    expect(a.links.counters.dialsFailed).toEqual({ protocol_unsupported: 1 });
  });

  it('itself, without a fuss', async () => {
    const a = await bed.tracker(ID_A);
    a.links.send(a.address, { n: 1 });
    await until(() => a.links.counters.messagesDropped === 1);
    await until(() => a.links.counters.refused.self_link === 1);
    expect(a.duplicates).toEqual([]);
  });

  it('a copy of itself, and tells of it', async () => {
    const [a, copy] = [await bed.tracker(ID_A, { startedAt: 1 }), await bed.tracker(ID_A, { startedAt: 2 })];
    copy.links.send(a.address, { n: 1 });
    await until(() => a.duplicates.length === 1);
    expect(a.duplicates).toEqual([2]);
    await until(() => a.links.counters.refused.tracker_duplicate === 1);
    a.links.send(copy.address, { n: 1 });
    await until(() => copy.duplicates.length === 1);
    expect(copy.duplicates).toEqual([1]);
  });

  it('an earlier process of a tracker that was started anew', async () => {
    const a = await bed.tracker(ID_A);
    const [old, fresh] = [await bed.tracker(ID_B, { startedAt: 1 }), await bed.tracker(ID_B, { startedAt: 2 })];
    old.links.send(a.address, { n: 'old' });
    await until(() => linkCount(old, ID_A) === 1);
    fresh.links.send(a.address, { n: 'fresh' });
    // The links of the old process end when the new one comes.
    await until(() => a.messages.length === 2 && linkCount(old, ID_A) === 0);
    old.links.send(a.address, { n: 'late' });
    await until(() => a.links.counters.refused.tracker_stale === 1);
    expect(a.messages.map(({ message }) => message)).toEqual([{ n: 'old' }, { n: 'fresh' }]);
  });

  it('to take one tracker for another that lived at its address', async () => {
    const [a, b] = [await bed.tracker(ID_A), await bed.tracker(ID_B)];
    a.links.setMembers([{ id: ID_C, cluster: b.address }]);
    const error = await failureOf(a.links.request(ID_C, 'a.b.c', 0));
    expect(error).toMatchObject({ code: 'link_unavailable', cause: { code: 'tracker_moved' } });
    // The link itself is good, for who lives there.
    expect(await a.links.request(ID_B, 'a.b.c', 'hi')).toBe('hi');
  });

  it('garbage, and goes on serving', async () => {
    const a = await bed.tracker(ID_A);
    const web = rawBed.raw(a.address.port);
    web.socket.write('GET / HTTP/1.1\r\n\r\n');
    expect(await web.closed).toHaveLength(0);
    const silent = await bed.tracker(ID_C, { limits: { handshakeTimeoutMs: 40 } });
    const mute = rawBed.raw(silent.address.port);
    await mute.closed;
    expect(a.links.counters.refused).toEqual({ handshake_invalid: 1 });
    expect(silent.links.counters.refused).toEqual({ handshake_timeout: 1 });
    const b = await bed.tracker(ID_B);
    expect(await b.links.request(a.address, 'a.b.c', 1)).toBe(1);
  });

  it('connections beyond its limit, and displaces the oldest handshake before a new one', async () => {
    const a = await bed.tracker(ID_A, { limits: { handshakesMax: 2, connectionsMax: 4 } });
    const connections = [1, 2, 3].map(() => rawBed.raw(a.address.port));
    await connections[0]?.closed;
    const b = await bed.tracker(ID_B);
    expect(await b.links.request(a.address, 'a.b.c', 1)).toBe(1);
    // With the link, its own handshakes and one more the port is full.
    const more = [1, 2, 3, 4].map(() => rawBed.raw(a.address.port));
    await Promise.race(more.map(({ closed }) => closed));
    expect(await b.links.request(a.address, 'a.b.c', 2)).toBe(2);
  });

  it('more neighbours than it can remember', async () => {
    const a = await bed.tracker(ID_A, { limits: { neighbourCountMax: 1 } });
    const [b, c] = [await bed.tracker(ID_B), await bed.tracker(ID_C)];
    expect(await b.links.request(a.address, 'a.b.c', 1)).toBe(1);
    expect(await failureOf(c.links.request(a.address, 'a.b.c', 1))).toMatchObject({ cause: { code: 'rpc_busy' } });
    expect(a.links.send(c.address, { n: 1 })).toBe(false);
  });
});

describe('a link', () => {
  it.each([
    ['a message before the hello', (raw: HandMade) => raw.say('message', { n: 1 })],
    ['a hello that is none', (raw: HandMade) => raw.say('hello', { ...hello, trackerId: 'me' })],
    ['bytes that are no envelope', (raw: HandMade) => raw.write(Buffer.alloc(90, 0xff))],
    ['a frame of 4 GiB', (raw: HandMade) => raw.write(Buffer.from('ffffffff00', 'hex'))],
  ])('ends at %s', async (_what, act) => {
    const a = await bed.tracker(ID_A);
    const raw = await handMade(a);
    act(raw);
    await until(() => Object.keys(a.links.counters.refused).length === 1);
    expect(a.messages).toEqual([]);
    raw.destroy();
  });

  it('ends at a second hello, at a stream, and at bytes that nobody sealed', async () => {
    const a = await bed.tracker(ID_A);
    const acts: ((raw: HandMade) => void)[] = [
      (raw) => raw.say('hello', hello),
      (raw) => {
        const empty = { endpoint: '', handler: '', command: '' };
        raw.write(encodeFrame({ kind: 'streamEnd', msgId: 1, timestamp: 0, version: 0, ...empty, data: null }));
      },
      (raw) => raw.write(Buffer.alloc(30)),
    ];
    for (const [index, act] of acts.entries()) {
      const raw = await handMade(a);
      raw.say('hello', hello);
      await until(() => a.links.counters.linksOpened === index + 1);
      act(raw);
      await until(() => a.links.counters.linksLost === index + 1);
      raw.destroy();
    }
    expect(a.messages).toEqual([]);
  });

  it('ignores what a later release may say about it', async () => {
    const a = await bed.tracker(ID_A);
    const raw = await handMade(a);
    raw.say('hello', { ...hello, shoeSize: 44 });
    raw.say('tickle', { where: 'foot' });
    raw.say('message', { n: 1 });
    await until(() => a.messages.length === 1);
    expect(raw.isClosed()).toBe(false);
  });

  it('is dropped when the other side does not read, and what waits is bounded', async () => {
    const outQueueBytesMax = 1_000_000;
    const a = await bed.tracker(ID_A, { limits: { outQueueBytesMax } });
    const raw = await handMade(a);
    raw.say('hello', hello);
    await until(() => linkCount(a, ID_C) === 1);
    const batch = Buffer.alloc(100_000);
    let queuedMax = 0;
    await until(() => {
      a.links.send(ID_C, { batch });
      queuedMax = Math.max(queuedMax, a.links.queuedBytes(ID_C));
      return a.links.counters.linksOverflowed === 1;
    });
    expect(queuedMax).toBeLessThanOrEqual(outQueueBytesMax);
    expect(a.changes).toEqual(['c up', 'c down']);
  });

  it('is not waited for with more than the limit', async () => {
    const a = await bed.tracker(ID_A, {
      limits: { outQueueBytesMax: 1_000_000, redialFirstMs: 60_000, redialMaxMs: 60_000 },
    });
    // Accepts, and never says a word.
    const server: Server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    bed.onEnd(async () => void server.close());
    const address = { host: '127.0.0.1', port: (server.address() as { port: number }).port };
    const sent = Array.from({ length: 11 }, () => a.links.send(address, { batch: Buffer.alloc(100_000) }));
    expect(sent.filter((isSent) => isSent)).toHaveLength(9 + 1);
    // All nine went with the tenth; the eleventh waits.
    expect(a.links.counters.messagesDropped).toBe(10);
  });

  it('on which nothing is heard is dropped; beats keep it otherwise', async () => {
    const limits = { beatIntervalMs: 10, idleTimeoutMs: 80 };
    const [a, b] = [await bed.tracker(ID_A, { limits }), await bed.tracker(ID_B, { limits })];
    introduce(a, b);
    const raw = await handMade(a);
    raw.say('hello', hello);
    await until(() => linkCount(a, ID_C) === 1 && linkCount(a, ID_B) === 1);
    await until(() => a.changes.includes('c down'));
    expect(a.changes.filter((change) => change.startsWith('b'))).toEqual(['b up']);
    expect(linkCount(b, ID_A)).toBe(1);
  });

  it('too many is closed, and what came over it meanwhile is not lost', async () => {
    const a = await bed.tracker(ID_A);
    const raws: HandMade[] = [];
    for (let opened = 1; opened <= LINKS_PER_NEIGHBOUR_MAX + 1; opened += 1) {
      const raw = await handMade(a);
      raws.push(raw);
      raw.say('hello', hello);
      await until(() => a.links.counters.linksOpened === opened);
    }
    // The first is the one in use; the second was closed, which this side has not read yet.
    raws[1]?.say('message', { n: 'late' });
    await until(() => a.messages.length === 1);
    await until(() => linkCount(a, ID_C) === LINKS_PER_NEIGHBOUR_MAX);
    expect(a.messages).toHaveLength(1);
  });

  it('survives a halt of the process, in which it could hear nothing', async () => {
    let haltMs = 0;
    const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() + haltMs };
    const limits = { beatIntervalMs: 10, idleTimeoutMs: 1_000 };
    const a = await bed.tracker(ID_A, { limits, ports: bedPorts({ clock }) });
    const b = await bed.tracker(ID_B, { limits });
    introduce(a, b);
    await until(() => linkCount(a, ID_B) === 1);
    for (let halt = 0; halt < 3; halt += 1) {
      haltMs += 60_000;
      expect(await a.links.request(ID_B, 'a.b.c', halt)).toBe(halt);
    }
    expect(a.changes).toEqual(['b up']);
  });

  it('stands whatever a member of the cluster sends', async () => {
    const a = await bed.tracker(ID_A);
    const bytes = fc.uint8Array({ maxLength: 400 });
    const part = fc.constantFrom('cluster', 'link', 'message', 'hello', 'refusal', 'beat', 'x');
    const envelope = fc.record({
      kind: fc.constantFrom('request', 'reply', 'error', 'event', 'streamValue'),
      msgId: fc.nat(3),
      timestamp: fc.nat(),
      version: fc.maxSafeNat(),
      endpoint: part,
      handler: part,
      command: part,
      data: fc.jsonValue(),
    } as const);
    const sealed = fc.sample(fc.oneof(bytes, envelope), 80);
    for (const sent of sealed) {
      const raw = await handMade(a);
      raw.say('hello', hello);
      raw.write(sent instanceof Uint8Array ? sent : encodeOrNothing(sent));
      raw.say('message', { n: 1 });
      raw.destroy();
    }
    const b = await bed.tracker(ID_B);
    expect(await b.links.request(a.address, 'a.b.c', 1)).toBe(1);
  });

  it('cut off in the middle of things fails what was asked and carries on', async () => {
    const seed = Date.now() % 1_000_000;
    const random = new SeededRandom(seed);
    const [a, b] = [await bed.tracker(ID_A), await bed.tracker(ID_B)];
    introduce(a, b);
    const outcomes = new Set<string>();
    for (let round = 0; round < 30; round += 1) {
      const asked = Array.from({ length: 20 }, (_, n) =>
        a.links.request(b.address, 'a.b.c', n, { timeoutMs: 500 }).then(
          (answer) => (answer === n ? 'right' : 'wrong'),
          (error: PanalError) => error.code,
        ),
      );
      // A second process of the same tracker takes over, and is gone.
      if (random.below(2) === 0) {
        const raw = await handMade(a);
        raw.say('hello', { ...hello, trackerId: ID_B, startedAt: 2 + round });
        raw.destroy();
      }
      for (const outcome of await Promise.all(asked)) outcomes.add(outcome);
    }
    expect({ seed, wrong: outcomes.has('wrong') }).toEqual({ seed, wrong: false });
    // Attempts may have failed meanwhile; the wait after them ends.
    const answers = new Set<unknown>();
    await until(() => {
      void a.links.request(b.address, 'a.b.c', 'end').then(
        (answer) => answers.add(answer),
        () => undefined,
      );
      return answers.has('end');
    }, 10_000);
  });
});

describe('parseLinkHello', () => {
  it('takes what it knows, and throws a typed error for anything else', () => {
    expect(parseLinkHello({ ...hello, more: 1 })).toEqual(hello);
    const shape = fc.record(
      {
        trackerId: fc.oneof(fc.constant(ID_A), fc.anything()),
        startedAt: fc.oneof(fc.constant(1), fc.anything()),
        protocol: fc.oneof(
          fc.constant({ min: 1, max: 0 }),
          fc.record({ min: fc.anything(), max: fc.integer() }),
          fc.anything(),
        ),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(fc.anything(), shape), (data) => {
        try {
          const { trackerId, startedAt, protocol } = parseLinkHello(data);
          return trackerId.length === 32 && startedAt >= 0 && protocol.min <= protocol.max;
        } catch (error) {
          return (error as PanalError).code === 'protocol_violation';
        }
      }),
    );
  });
});
