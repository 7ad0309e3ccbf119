import { ManualClock, SeededRandom, silentLogger } from '@panal/runtime';
import { Bitfield } from '@panal/torrent';
import type { EngineEvent } from './engine-events.js';
import {
  ADDRESSES_PER_SOURCE_MAX,
  DIAL_TIMEOUT_MS,
  DIALS_MAX,
  SOURCES_CONNECTED_MAX,
  SOURCES_KNOWN_MAX,
} from './limits.js';
import { LinkPool } from './link-pool.js';
import type { DialedSource, SourceAddress, SourceLinkEvents } from './source-link.js';

interface Dial {
  readonly address: SourceAddress;
  readonly events: SourceLinkEvents;
  readonly isAborted: () => boolean;
  answer(): void;
  refuse(): void;
}

/** A pool whose dials the test answers. */
function poolOf(scoreOf: (peerId: string, name: string) => number | undefined = () => 0) {
  const clock = new ManualClock();
  const events: EngineEvent[] = [];
  const dials: Dial[] = [];
  const closed: string[] = [];
  const pool = new LinkPool({
    dialer: {
      dial: (address, linkEvents, signal) =>
        new Promise<DialedSource>((resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('aborted')));
          const link = {
            name: address.name,
            address: address.host,
            request: () => undefined,
            cancel: () => undefined,
            close: () => void closed.push(address.name),
          };
          dials.push({
            address,
            events: linkEvents,
            isAborted: () => signal.aborted,
            answer: () => resolve({ link, have: new Bitfield(1) }),
            refuse: () => reject(new Error('connection refused')),
          });
        }),
    },
    clock,
    timers: clock,
    random: new SeededRandom(1),
    logger: silentLogger,
    ownPeerId: 'me',
    emit: (event) => void events.push(event),
    scoreOf,
  });
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const learn = (...addresses: readonly SourceAddress[]): void => {
    pool.learn(addresses);
    pool.dialMore();
  };
  return { pool, clock, events, dials, closed, turn, learn };
}

function at(name: string, port = 1): SourceAddress {
  return { peerId: `id-${name}`, name, host: '192.0.2.1', port };
}

const kinds = (events: readonly EngineEvent[]): string[] => events.map(({ kind }) => kind);

describe('LinkPool', () => {
  it('dials a bounded number at once, the best first, and never itself', () => {
    const { dials, learn } = poolOf((_peerId, name) => Number(name));
    learn({ ...at('99'), peerId: 'me' }, ...Array.from({ length: 30 }, (_, score) => at(`${score}`)));
    expect(dials.map(({ address }) => address.name)).toEqual(
      Array.from({ length: DIALS_MAX }, (_, place) => `${29 - place}`),
    );
  });

  it('keeps a bounded number of links', async () => {
    const { pool, dials, learn, turn } = poolOf();
    learn(...Array.from({ length: 100 }, (_, number) => at(`${number}`)));
    for (let answered = 0; answered < dials.length; ) {
      for (; answered < dials.length; answered += 1) dials[answered]?.answer();
      await turn();
    }
    expect([dials.length, pool.isFull, pool.hasIdle]).toEqual([SOURCES_CONNECTED_MAX, true, true]);
  });

  it('tries the other addresses of a peer before it counts as lost', async () => {
    const { events, dials, learn, turn } = poolOf();
    learn(at('a', 1), at('a', 2), at('a', 2));
    dials[0]?.refuse();
    await turn();
    expect([dials.length, kinds(events).includes('lost')]).toEqual([2, false]);
    dials[1]?.refuse();
    await turn();
    expect(events.at(-1)).toMatchObject({ kind: 'lost', source: 'id-a', reason: 'connection refused' });
  });

  it('gives up a dial that takes too long', async () => {
    const { clock, events, dials, learn, turn } = poolOf();
    learn(at('a'));
    clock.advance(DIAL_TIMEOUT_MS);
    await turn();
    expect(dials[0]?.isAborted()).toBe(true);
    expect(events[0]).toMatchObject({ kind: 'lost', reason: 'it did not answer in time' });
  });

  it('tells of a link first, and then what came before the dial settled', async () => {
    const { events, dials, learn, turn } = poolOf();
    learn(at('a'));
    dials[0]?.events.onHave([0]);
    dials[0]?.events.onLost(new Error('reset'));
    dials[0]?.answer();
    await turn();
    expect(kinds(events).slice(0, 3)).toEqual(['joined', 'have', 'lost']);
  });

  it('hears nothing from a link after its end, and gives blocks back', async () => {
    const { pool, events, dials, closed, learn, turn } = poolOf();
    learn(at('a'));
    dials[0]?.answer();
    await turn();
    pool.drop('id-a', 'a lie');
    let releases = 0;
    const release = (): void => void (releases += 1);
    dials[0]?.events.onBlock({ requestId: 1, bytes: Buffer.alloc(1), release });
    dials[0]?.events.onHave([0]);
    dials[0]?.events.onLost(new Error('reset'));
    expect([kinds(events), closed, releases]).toEqual([['joined'], ['a'], 1]);
  });

  it('dials nobody whose time has not come', () => {
    const { dials, learn } = poolOf((_peerId, name) => (name === 'banned' ? undefined : 0));
    learn(at('banned'), at('fine'));
    expect(dials.map(({ address }) => address.name)).toEqual(['fine']);
  });

  it('closes a link that comes when nobody wants it any more', async () => {
    const { pool, events, dials, learn, turn } = poolOf();
    learn(at('a'));
    pool.close('stopped');
    await turn();
    learn(at('b'));
    expect([dials[0]?.isAborted(), dials.length, events]).toEqual([true, 1, []]);
  });

  it('forgets nobody for a peer that is only claimed to be there, and that one first', () => {
    const { pool, learn } = poolOf(() => undefined);
    for (let number = 0; number < SOURCES_KNOWN_MAX - 1; number += 1) learn(at(`${number}`));
    for (const name of ['x', 'y']) learn({ ...at(name), isClaimed: true });
    const namesOf = (): Set<string> => new Set([...pool.peers].map(({ name }) => name));
    expect([namesOf().has('0'), namesOf().has('y'), namesOf().size]).toEqual([true, true, SOURCES_KNOWN_MAX]);
    learn(at('z'));
    expect([namesOf().has('0'), namesOf().has('y'), namesOf().has('z')]).toEqual([true, false, true]);
    learn({ ...at('w'), isClaimed: true });
    expect(namesOf().has('w')).toBe(false);
  });

  it('remembers a bounded number of peers, and of addresses of each', () => {
    const { pool, learn } = poolOf(() => undefined);
    for (let number = 0; number < SOURCES_KNOWN_MAX + 50; number += 1) learn(at(`${number}`));
    for (let port = 1; port < 3 * ADDRESSES_PER_SOURCE_MAX; port += 1) learn(at(`${SOURCES_KNOWN_MAX}`, port));
    expect([...pool.peers].length).toBe(SOURCES_KNOWN_MAX);
  });
});
