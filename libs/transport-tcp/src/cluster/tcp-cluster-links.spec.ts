import { PanalError } from '@panal/runtime';
import { failureOf, until } from '../rpc/rpc-bed.fixture.js';
import { type BedTracker, ClusterBed, ID_A, ID_B, ID_C, introduce, linkCount } from './cluster-bed.fixture.js';

class SoldOutError extends PanalError {
  constructor() {
    super({ code: 'sold_out', message: 'No honey is left.', action: 'Come back in spring.', retryable: true });
  }
}

const bed = new ClusterBed();
afterEach(() => bed.end());

async function pair(): Promise<[BedTracker, BedTracker]> {
  return [await bed.tracker(ID_A), await bed.tracker(ID_B)];
}

const texts = ({ messages }: BedTracker): unknown[] => messages.map(({ message }) => (message as { n: unknown }).n);
const count = (sizeMax: number): number[] => Array.from({ length: sizeMax }, (_, index) => index);

describe('messages over a link', () => {
  it('arrive in order, from the first one on, over a link made for them', async () => {
    const [a, b] = await pair();
    for (const n of count(2_000)) expect(a.links.send(b.address, { n })).toBe(true);
    await until(() => b.messages.length === 2_000);
    expect(texts(b)).toEqual(count(2_000));
    expect(new Set(b.messages.map(({ from }) => from))).toEqual(new Set([ID_A]));
    expect(a.links.counters).toMatchObject({ messagesSent: 2_000, messagesDropped: 0, linksOpened: 1 });
    expect(b.links.counters).toMatchObject({ messagesReceived: 2_000, linksOpened: 1 });
  });

  it('go back over the same link, by the id it told', async () => {
    const [a, b] = await pair();
    a.links.send(b.address, { n: 'hello' });
    await until(() => b.messages.length === 1);
    expect(b.links.send(ID_A, { n: 'welcome' })).toBe(true);
    await until(() => a.messages.length === 1);
    expect(a.messages).toEqual([{ from: ID_B, message: { n: 'welcome' } }]);
    expect([linkCount(a, ID_B), linkCount(b, ID_A)]).toEqual([1, 1]);
    expect([a.changes, b.changes]).toEqual([['b up'], ['a up']]);
  });

  it('may be large, and their byte strings are the receiver’s own', async () => {
    const [a, b] = await pair();
    const batch = Buffer.alloc(1_200_000, 9);
    for (const n of count(4)) a.links.send(b.address, { n, batch });
    await until(() => b.messages.length === 4);
    const [first] = b.messages.map(({ message }) => (message as { batch: Buffer }).batch);
    expect(Buffer.isBuffer(first) && first.equals(batch)).toBe(true);
    expect(first?.buffer.byteLength).toBe(1_200_000);
  });

  it('are refused before they are sent when no receiver would take them', async () => {
    const [a, b] = await pair();
    expect(() => a.links.send(b.address, { big: 10n ** 30n })).toThrow(
      expect.objectContaining({ code: 'body_unencodable' }),
    );
    expect(() => a.links.send(b.address, { big: Buffer.alloc(3_000_000) })).toThrow(PanalError);
  });

  it('are dropped and counted when nobody lives there, and the sender is not held up', async () => {
    const [a, b] = await pair();
    await b.links.close();
    expect(a.links.send(b.address, { n: 1 })).toBe(true);
    await until(() => a.links.counters.messagesDropped === 1);
    expect(a.links.counters.dialsFailed).toEqual({ connect_failed: 1 });
    expect(a.links.send(ID_C, { n: 1 })).toBe(false);
  });

  it('that a handler cannot take end nothing', async () => {
    const handlers = {
      onMessage: () => {
        throw new Error('a bug');
      },
      onRequest: async () => 'still here',
      onDatagram: () => undefined,
    };
    const [a, b] = [await bed.tracker(ID_A), await bed.tracker(ID_B, { handlers })];
    a.links.send(b.address, { n: 1 });
    expect(await a.links.request(b.address, 'x.y.z', 0)).toBe('still here');
    expect(b.links.counters.handlersFailed).toBe(1);
    expect(linkCount(a, ID_B)).toBe(1);
  });
});

describe('requests over a link', () => {
  it('are answered, many at once and in any order', async () => {
    const onRequest = async (from: string, pattern: string, data: unknown): Promise<unknown> => {
      if ((data as number) % 2 === 0) await Promise.resolve();
      return [from, pattern, data];
    };
    const handlers = { onMessage: () => undefined, onDatagram: () => undefined, onRequest };
    const [a, b] = [await bed.tracker(ID_A), await bed.tracker(ID_B, { handlers })];
    const answers = await Promise.all(count(500).map((n) => a.links.request(b.address, 'data.slots.digest', n)));
    expect(answers).toEqual(count(500).map((n) => [ID_A, 'data.slots.digest', n]));
  });

  it('bring back the error of the handler, and hide what is a bug', async () => {
    const onRequest = async (_from: string, pattern: string): Promise<unknown> => {
      if (pattern === 'a.b.sold') throw new SoldOutError();
      if (pattern === 'a.b.big') return 10n ** 30n;
      throw new Error('open /etc/secret');
    };
    const handlers = { onMessage: () => undefined, onDatagram: () => undefined, onRequest };
    const [a, b] = [await bed.tracker(ID_A), await bed.tracker(ID_B, { handlers })];
    const ask = (pattern: string) => failureOf(a.links.request(b.address, pattern, null));
    expect(await ask('a.b.sold')).toMatchObject({ code: 'sold_out', retryable: true, action: 'Come back in spring.' });
    expect(await ask('a.b.bug')).toMatchObject({ code: 'internal', message: expect.not.stringContaining('secret') });
    expect(await ask('a.b.big')).toMatchObject({ code: 'internal' });
    expect(b.links.counters.handlersFailed).toBe(2);
  });

  it('end with their time, their caller’s patience, or the link', async () => {
    const asked: string[] = [];
    const handlers = {
      onMessage: () => undefined,
      onDatagram: () => undefined,
      onRequest: (_from: string, pattern: string) => {
        asked.push(pattern);
        return new Promise<never>(() => undefined);
      },
    };
    const [a, b] = [await bed.tracker(ID_A), await bed.tracker(ID_B, { handlers })];
    const timely = a.links.request(b.address, 'a.b.timed', 0, { timeoutMs: 30 });
    expect(await failureOf(timely)).toMatchObject({ code: 'rpc_timeout' });
    const abort = new AbortController();
    const given = failureOf(a.links.request(b.address, 'a.b.given', 0, { signal: abort.signal }));
    abort.abort();
    expect(await given).toMatchObject({ code: 'rpc_aborted' });
    const late = failureOf(a.links.request(b.address, 'a.b.late', 0, { signal: abort.signal }));
    expect(await late).toMatchObject({ code: 'rpc_aborted' });
    const lost = failureOf(a.links.request(b.address, 'a.b.lost', 0));
    await until(() => asked.includes('a.b.lost'));
    await b.links.close();
    expect(await lost).toMatchObject({ code: 'rpc_disconnected' });
    expect(asked).not.toContain('a.b.late');
  });

  it('fail at once when too many are open, on either side', async () => {
    const handlers = {
      onMessage: () => undefined,
      onDatagram: () => undefined,
      onRequest: () => new Promise<never>(() => undefined),
    };
    const a = await bed.tracker(ID_A, { limits: { inFlightMax: 5 } });
    const b = await bed.tracker(ID_B, { handlers, limits: { inFlightMax: 2 } });
    const asked = count(6).map(() => failureOf(a.links.request(b.address, 'a.b.c', 0, { timeoutMs: 300 })));
    const codes = (await Promise.all(asked)).map((error) => (error as PanalError).code);
    // Two held by the other side, three refused by it, one by this side.
    expect(codes).toEqual(['rpc_timeout', 'rpc_timeout', 'rpc_busy', 'rpc_busy', 'rpc_busy', 'rpc_busy']);
  });

  it('fail with a reason when there is no way, and do not go out after their time', async () => {
    const [a, b] = await pair();
    await b.links.close();
    const error = await failureOf(a.links.request(b.address, 'a.b.c', 0));
    expect(error).toMatchObject({ code: 'link_unavailable', cause: { code: 'connect_failed' } });
    expect(await failureOf(a.links.request(ID_C, 'a.b.c', 0))).toMatchObject({ code: 'link_unavailable' });
    expect(await failureOf(a.links.request(b.address, 'no pattern', 0))).toMatchObject({ code: 'pattern_invalid' });
    expect(await failureOf(a.links.request(b.address, 'cluster.link.hello', 0))).toMatchObject({
      code: 'pattern_invalid',
    });
  });
});

describe('links of members', () => {
  it('are made by the lower id alone, and used by both', async () => {
    const [a, b] = await pair();
    introduce(a, b);
    await until(() => linkCount(a, ID_B) === 1 && linkCount(b, ID_A) === 1);
    b.links.send(ID_A, { n: 1 });
    a.links.send(ID_B, { n: 2 });
    await until(() => a.messages.length === 1 && b.messages.length === 1);
    expect([a.links.counters.linksOpened, b.links.counters.linksOpened]).toEqual([1, 1]);
  });

  it('survive that both sides dial at the same moment, each time, without losing a message', async () => {
    for (const round of count(20)) {
      const [a, b] = await pair();
      // Nobody may dial first: each knows the other by address alone.
      for (const n of count(10)) {
        a.links.send(b.address, { n });
        b.links.send(a.address, { n });
      }
      await until(() => a.messages.length === 10 && b.messages.length === 10);
      expect([texts(a), texts(b)]).toEqual([count(10), count(10)]);
      const opened = a.links.counters.linksOpened;
      expect(opened).toBeLessThanOrEqual(2);
      introduce(a, b);
      for (const n of count(10)) a.links.send(ID_B, { n: 10 + n });
      await until(() => b.messages.length === 20);
      expect(texts(b)).toEqual(count(20));
      expect({ round, lost: a.links.counters.linksLost }).toEqual({ round, lost: 0 });
      await Promise.all([a.links.close(), b.links.close()]);
    }
  });

  it('are made anew when the other tracker comes back, and its old links are gone', async () => {
    const [a, first] = await pair();
    introduce(a, first);
    await until(() => linkCount(a, ID_B) === 1);
    await first.links.close();
    await until(() => a.changes.includes('b down'));
    const second = await bed.tracker(ID_B, { startedAt: 2, listen: first.address });
    introduce(a, second);
    await until(() => linkCount(a, ID_B) === 1);
    a.links.send(ID_B, { n: 1 });
    await until(() => second.messages.length === 1);
    expect(a.changes).toEqual(['b up', 'b down', 'b up']);
  });

  it('are not made anew for who is no member, nor to say nothing', async () => {
    const [a, b] = await pair();
    a.links.send(b.address, { n: 1 });
    await until(() => b.messages.length === 1);
    await b.links.close();
    await until(() => a.changes.includes('b down'));
    // The wait for a new attempt runs out, and then there is nothing left to know about it.
    await until(() => {
      introduce(a);
      return a.links.status().length === 0;
    });
    expect(a.links.counters.dialsFailed).toEqual({});
  });

  it('bring what waits for an address to the tracker that lives there, whatever it is called', async () => {
    const [a, b] = await pair();
    const names = [b.address, { host: 'localhost', port: b.address.port }];
    for (const name of names) a.links.send(name, { n: 1 });
    await until(() => b.messages.length === 2);
    expect(a.links.status().map(({ id }) => id)).toEqual([ID_B]);
    // Once it is known who lives there, no further link is made.
    const opened = a.links.counters.linksOpened;
    for (const name of names) a.links.send(name, { n: 2 });
    await until(() => b.messages.length === 4);
    expect(a.links.counters.linksOpened).toBe(opened);
  });

  it('with a member are found by its number, whatever name it goes by', async () => {
    const [a, b] = await pair();
    const named = { host: 'localhost', port: b.address.port };
    a.links.setMembers([{ id: ID_B, cluster: named }]);
    await until(() => linkCount(a, ID_B) === 1);
    a.links.send(b.address, { n: 1 });
    await until(() => b.messages.length === 1);
    expect(a.links.counters.linksOpened).toBe(1);
    // The side that did not dial knows where it came from and, as a member, which port is its own.
    b.links.setMembers([{ id: ID_A, cluster: { host: 'localhost', port: a.address.port } }]);
    b.links.send(a.address, { n: 1 });
    await until(() => a.messages.length === 1);
    expect(b.links.counters.linksOpened).toBe(1);
  });

  it('that nobody needs are closed, and the pair keeps one', async () => {
    const limits = { beatIntervalMs: 10, surplusTimeoutMs: 60 };
    const [a, b] = [await bed.tracker(ID_A, { limits }), await bed.tracker(ID_B, { limits })];
    a.links.send(b.address, { n: 1 });
    b.links.send(a.address, { n: 1 });
    a.links.send({ host: 'localhost', port: b.address.port }, { n: 1 });
    await until(() => a.messages.length === 1 && b.messages.length === 2);
    introduce(a, b);
    await until(() => linkCount(a, ID_B) === 1 && linkCount(b, ID_A) === 1);
    a.links.send(ID_B, { n: 2 });
    b.links.send(ID_A, { n: 2 });
    await until(() => a.messages.length === 2 && b.messages.length === 3);
    for (const { links } of [a, b]) links.setMembers([]);
    await until(() => linkCount(a, ID_B) === 0 && linkCount(b, ID_A) === 0);
    expect([texts(a), texts(b)]).toEqual([
      [1, 2],
      [1, 1, 2],
    ]);
  });
});
