import { createSocket } from 'node:dgram';
import { SeededRandom } from '@panal/runtime';
import { DATAGRAM_BODY_SIZE_MAX, DatagramSeal } from '@panal/wire';
import fc from 'fast-check';
import { bedSecret, realClock, until } from '../rpc/rpc-bed.fixture.js';
import { AddressCache } from './address-cache.js';
import { type BedTracker, ClusterBed, ID_A, ID_B } from './cluster-bed.fixture.js';
import { ADDRESS_WAITING_MAX } from './cluster-limits.js';

const bed = new ClusterBed();
afterEach(() => bed.end());

/** A socket that sends whatever bytes it is given. */
function rawSender(to: BedTracker): (bytes: Uint8Array) => Promise<void> {
  const socket = createSocket('udp4');
  bed.onEnd(async () => void socket.close());
  return (bytes) =>
    new Promise((resolve, reject) => {
      socket.send(bytes, to.address.port, to.address.host, (error) => (error === null ? resolve() : reject(error)));
    });
}

const droppedCount = ({ links }: BedTracker): number =>
  Object.values(links.counters.datagramsDropped).reduce((sum, count) => sum + count, 0);

describe('datagrams', () => {
  it('go both ways on the port of the links, by address and by name', async () => {
    const [a, b] = [await bed.tracker(ID_A), await bed.tracker(ID_B)];
    a.links.datagram(b.address, { kind: 'ping', bytes: Buffer.from([1]) });
    a.links.datagram({ host: 'localhost', port: b.address.port }, { kind: 'again' });
    b.links.datagram(a.address, { kind: 'ack' });
    await until(() => a.datagrams.length === 1 && b.datagrams.length === 2);
    expect(b.datagrams).toContainEqual({ kind: 'ping', bytes: Buffer.from([1]) });
    expect(a.datagrams).toEqual([{ kind: 'ack' }]);
    expect(a.links.counters).toMatchObject({ datagramsSent: 2, datagramsReceived: 1 });
  });

  it('that are too large are the caller’s error, and counted', async () => {
    const [a, b] = [await bed.tracker(ID_A), await bed.tracker(ID_B)];
    const large = { b: Buffer.alloc(DATAGRAM_BODY_SIZE_MAX) };
    expect(() => a.links.datagram(b.address, large)).toThrow(expect.objectContaining({ code: 'datagram_too_large' }));
    expect(a.links.counters.datagramsTooLarge).toBe(1);
  });

  it('that cannot be sent are counted, and nobody is disturbed', async () => {
    const findAddress = (_host: string, done: (error: Error | null, address: string) => void): void =>
      done(new Error('no such host'), '');
    const a = await bed.tracker(ID_A, { findAddress });
    a.links.datagram({ host: 'nowhere.invalid', port: 1 }, {});
    a.links.datagram({ host: '127.0.0.1', port: 0 }, {});
    await until(() => a.links.counters.datagramsUnsent === 2);
    await a.links.close();
    expect(() => a.links.datagram({ host: '127.0.0.1', port: 9 }, {})).not.toThrow();
  });

  it('of strangers, replays and its own are dropped by reason', async () => {
    const a = await bed.tracker(ID_A);
    const send = rawSender(a);
    const seal = (secret: Buffer): DatagramSeal =>
      new DatagramSeal({ secret, cluster: 'bed', purpose: 'gossip', random: new SeededRandom(5) });
    const member = seal(bedSecret);
    const good = member.seal({ kind: 'ping' }, Date.now());
    await send(good);
    await send(good);
    await send(seal(Buffer.alloc(32, 1)).seal({}, Date.now()));
    await send(member.seal({}, Date.now() - 31_000));
    await send(Buffer.from('hello'));
    await send(Buffer.alloc(1_201));
    a.links.datagram(a.address, { kind: 'to myself' });
    await until(() => droppedCount(a) === 6 && a.datagrams.length === 1);
    expect(a.links.counters.datagramsDropped).toMatchObject({ replay: 1, code: 1, time: 1, size: 2, echo: 1 });
    expect(a.datagrams).toEqual([{ kind: 'ping' }]);
  });

  it('of any bytes, or that a handler cannot take, do no harm', async () => {
    const handlers = {
      onMessage: () => undefined,
      onRequest: async () => 'alive',
      onDatagram: () => {
        throw new Error('a bug');
      },
    };
    const [a, b] = [await bed.tracker(ID_A, { handlers }), await bed.tracker(ID_B)];
    const send = rawSender(a);
    const noise = fc.sample(fc.uint8Array({ maxLength: 1_300 }), 200);
    for (const bytes of noise) await send(bytes);
    b.links.datagram(a.address, { kind: 'ping' });
    await until(() => a.links.counters.handlersFailed === 1);
    expect(await b.links.request(a.address, 'a.b.c', 0)).toBe('alive');
    expect(a.links.counters.datagramsReceived).toBe(1);
  });

  it('have a port of their own number, and say so when it is taken', async () => {
    const a = await bed.tracker(ID_A);
    await expect(bed.tracker(ID_B, { listen: a.address })).rejects.toMatchObject({ code: 'port_taken' });
    // Free for TCP, taken for UDP.
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    bed.onEnd(async () => void socket.close());
    const listen = { host: '127.0.0.1', port: socket.address().port };
    await expect(bed.tracker(ID_B, { listen })).rejects.toMatchObject({ code: 'port_taken' });
  });
});

describe('AddressCache', () => {
  it('asks once for many, uses what it knows, and asks again behind it', () => {
    let nowMs = 0;
    const asked: ((error: Error | null, address: string) => void)[] = [];
    const cache = new AddressCache({ ...realClock, monotonicMs: () => nowMs }, (_host, done) => void asked.push(done));
    const found: (string | Error)[] = [];
    const find = (): void => cache.find('t1', (address) => found.push(address));
    for (let index = 0; index < ADDRESS_WAITING_MAX + 1; index += 1) find();
    expect([asked.length, found.length]).toEqual([1, 1]);
    expect(found[0]).toBeInstanceOf(Error);
    asked[0]?.(null, '10.0.0.1');
    expect(found.slice(1)).toEqual(Array.from({ length: ADDRESS_WAITING_MAX }, () => '10.0.0.1'));
    nowMs = 20_000;
    find();
    find();
    expect([asked.length, found.at(-1)]).toEqual([2, '10.0.0.1']);
    // A name server that fails takes nothing away.
    asked[1]?.(new Error('SERVFAIL'), '');
    find();
    expect(found.at(-1)).toBe('10.0.0.1');
    nowMs = 40_000;
    find();
    asked[2]?.(null, '10.0.0.2');
    find();
    expect(found.at(-1)).toBe('10.0.0.2');
  });

  it('says at once that there is no address, until it is time to ask again', () => {
    let nowMs = 0;
    let askedCount = 0;
    const cache = new AddressCache({ ...realClock, monotonicMs: () => nowMs }, (_host, done) => {
      askedCount += 1;
      done(new Error('ENOTFOUND'), '');
    });
    const found: (string | Error)[] = [];
    for (const atMs of [0, 1, 9_999, 10_000]) {
      nowMs = atMs;
      cache.find('t1', (address) => found.push(address));
    }
    expect(found.every((address) => address instanceof Error)).toBe(true);
    expect(askedCount).toBe(2);
  });
});
