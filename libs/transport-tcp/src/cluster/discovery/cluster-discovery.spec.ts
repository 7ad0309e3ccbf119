import { formatAddress, type HostPort, ManualClock, parseAddress, silentLogger } from '@panal/runtime';
import { ClusterDiscovery, type ClusterDiscoveryOptions } from './cluster-discovery.js';
import {
  DISCOVERY_ALONE_INTERVAL_MS,
  DISCOVERY_INTERVAL_MS,
  KNOWN_ADDRESSES_MAX,
  KNOWN_DELAY_MS,
  NAME_ADDRESSES_MAX,
  SEEDS_MAX,
} from './discovery-limits.js';

const addresses = (...texts: string[]): HostPort[] => texts.map((text) => parseAddress(text, { port: 5560 }));
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function makeDiscovery(options: Partial<ClusterDiscoveryOptions> = {}) {
  const clock = new ManualClock();
  const found: string[][] = [];
  const known: string[][] = [];
  const discovery = new ClusterDiscovery({
    seeds: [],
    known: [],
    timers: clock,
    logger: silentLogger,
    onFound: (list) => void found.push(list.map(formatAddress)),
    onKnown: (list) => void known.push(list.map(formatAddress)),
    ...options,
  });
  return { clock, found, known, discovery };
}

describe('ClusterDiscovery', () => {
  it('names the seeds, all tasks of a service, and the addresses of before', async () => {
    const { discovery, found } = makeDiscovery({
      seeds: addresses('10.0.0.1', 'tasks.tracker:5570'),
      known: addresses('10.0.0.9'),
      resolve: async () => ['10.0.0.2', '10.0.0.3'],
    });
    await discovery.start();
    await settled();
    expect(found).toEqual([['10.0.0.9:5560'], ['10.0.0.1:5560'], ['10.0.0.2:5570', '10.0.0.3:5570']]);
    await discovery.close();
  });

  it('looks every 5 s while it is alone, then each minute, and sooner again when it is alone again', async () => {
    let askedCount = 0;
    const { discovery, clock } = makeDiscovery({
      seeds: addresses('tasks.tracker'),
      resolve: async () => {
        askedCount += 1;
        return [];
      },
    });
    const pass = async (byMs: number): Promise<number> => {
      clock.advance(byMs);
      await settled();
      return askedCount;
    };
    await discovery.start();
    expect(await pass(DISCOVERY_ALONE_INTERVAL_MS - 1)).toBe(1);
    expect(await pass(1)).toBe(2);
    discovery.setMembers(addresses('10.0.0.2'));
    expect(await pass(DISCOVERY_INTERVAL_MS - 1)).toBe(2);
    expect(await pass(1)).toBe(3);
    discovery.setMembers([]);
    expect(await pass(DISCOVERY_ALONE_INTERVAL_MS)).toBe(4);
    await discovery.close();
    expect(await pass(DISCOVERY_INTERVAL_MS)).toBe(4);
  });

  it('tells of nobody who is a member already', async () => {
    const { discovery, found, clock } = makeDiscovery({
      seeds: addresses('tasks.tracker'),
      resolve: async () => ['10.0.0.2', '10.0.0.3', '10.0.0.3'],
    });
    discovery.setMembers(addresses('10.0.0.2'));
    await discovery.start();
    await settled();
    expect(found).toEqual([['10.0.0.3:5560']]);
    discovery.setMembers(addresses('10.0.0.2', '10.0.0.3'));
    clock.advance(DISCOVERY_INTERVAL_MS);
    await settled();
    expect(found).toHaveLength(1);
    await discovery.close();
  });

  it('goes on when a name cannot be looked up, and asks a name server that hangs only once', async () => {
    let hangingCount = 0;
    const { discovery, found, clock } = makeDiscovery({
      seeds: addresses('gone.invalid', 'slow', 'good'),
      resolve: (host) => {
        if (host === 'gone.invalid') return Promise.reject(new Error('ENOTFOUND'));
        if (host === 'good') return Promise.resolve(['10.0.0.7']);
        hangingCount += 1;
        return new Promise(() => undefined);
      },
    });
    await discovery.start();
    await settled();
    clock.advance(DISCOVERY_ALONE_INTERVAL_MS);
    await settled();
    expect(found).toEqual([['10.0.0.7:5560'], ['10.0.0.7:5560']]);
    expect(hangingCount).toBe(1);
    await discovery.close();
  });

  it('keeps the addresses of members over a restart, those of now first, and never forgets them all', async () => {
    const { discovery, known, clock } = makeDiscovery({ known: addresses('10.0.0.9', '10.0.0.2') });
    await discovery.start();
    discovery.setMembers(addresses('10.0.0.1'));
    discovery.setMembers(addresses('10.0.0.1', '10.0.0.2'));
    clock.advance(KNOWN_DELAY_MS);
    const list = ['10.0.0.1:5560', '10.0.0.2:5560', '10.0.0.9:5560'];
    expect(known).toEqual([list]);
    discovery.setMembers([]);
    clock.advance(KNOWN_DELAY_MS);
    expect(known).toHaveLength(1);
    discovery.setMembers(addresses('10.0.0.5'));
    await discovery.close();
    expect(known.at(-1)).toEqual(['10.0.0.5:5560', ...list]);
  });

  it('bounds seeds, addresses of a name, and what it remembers', async () => {
    const many = Array.from({ length: 1_000 }, (_, index) => `10.1.${index >> 8}.${index & 255}`);
    const byAddress = makeDiscovery({ seeds: addresses(...many), known: addresses(...many) });
    await byAddress.discovery.start();
    expect(byAddress.found.map(({ length }) => length)).toEqual([KNOWN_ADDRESSES_MAX, SEEDS_MAX]);
    byAddress.discovery.setMembers(addresses(...many).reverse());
    await byAddress.discovery.close();
    expect(byAddress.known.at(-1)).toHaveLength(KNOWN_ADDRESSES_MAX);
    const byName = makeDiscovery({ seeds: addresses('all'), resolve: async () => many });
    await byName.discovery.start();
    await settled();
    expect(byName.found[0]).toHaveLength(NAME_ADDRESSES_MAX);
    await byName.discovery.close();
  });

  it('looks names up by the system', async () => {
    let resolve: (() => void) | undefined;
    const isFound = new Promise<void>((done) => {
      resolve = done;
    });
    const list: HostPort[] = [];
    const { discovery } = makeDiscovery({
      seeds: addresses('localhost'),
      onFound: (found) => {
        list.push(...found);
        resolve?.();
      },
    });
    await discovery.start();
    await isFound;
    expect(list).toContainEqual({ host: '127.0.0.1', port: 5560 });
    await discovery.close();
  });
});
