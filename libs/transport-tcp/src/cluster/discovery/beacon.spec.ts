import { type HostPort, silentLogger } from '@panal/runtime';
import { bedPorts, bedSecret, realClock, until } from '../../rpc/rpc-bed.fixture.js';
import { Beacon, type BeaconOptions } from './beacon.js';
import { ClusterDiscovery } from './cluster-discovery.js';

const group = '239.255.80.78';
const beacons: Beacon[] = [];
afterEach(async () => {
  await Promise.all(beacons.splice(0).map((beacon) => beacon.close()));
});

function makeBeacon(options: Partial<BeaconOptions> = {}): { beacon: Beacon; heard: HostPort[] } {
  const heard: HostPort[] = [];
  const beacon = new Beacon({
    secret: bedSecret,
    cluster: 'bed',
    announced: { host: '', port: 5560 },
    clock: realClock,
    random: bedPorts().random,
    logger: silentLogger,
    onHeard: (address) => void heard.push(address),
    listen: { host: '0.0.0.0', port: 0 },
    networkAddress: '127.0.0.1',
    ...options,
  });
  beacons.push(beacon);
  return { beacon, heard };
}

/** Two that share a port, as two trackers on one machine do. `host` is where their beacons go. */
async function makePair(host: string, announced: HostPort) {
  const first = makeBeacon({ targets: [] });
  const port = (await first.beacon.start())?.port ?? 0;
  await first.beacon.close();
  const options = { listen: { host: '0.0.0.0', port }, targets: [{ host, port }] };
  const [a, b] = [makeBeacon({ ...options, announced }), makeBeacon(options)];
  await a.beacon.start();
  await b.beacon.start();
  return { a, b, port };
}

describe('Beacon', () => {
  it.each([
    ['multicast', group],
    ['broadcast', '127.255.255.255'],
  ])('tells others of the cluster by %s where a tracker is, and hears nothing of itself', async (_way, host) => {
    const { a, b } = await makePair(host, { host: '192.0.2.7', port: 5570 });
    a.beacon.send();
    await until(() => b.heard.length === 1);
    expect(b.heard).toEqual([{ host: '192.0.2.7', port: 5570 }]);
    b.beacon.send();
    await until(() => a.heard.length === 1);
    // It named no host: its own address is where it is.
    expect(a.heard[0]?.port).toBe(5560);
    expect(a.heard[0]?.host).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    await until(() => a.beacon.counters.dropped.echo === 1);
    expect(a.heard).toHaveLength(1);
  });

  it('believes nobody else', async () => {
    const { a, b, port } = await makePair('127.255.255.255', { host: '192.0.2.7', port: 5570 });
    const options = { listen: { host: '0.0.0.0', port }, targets: [{ host: '127.255.255.255', port }] };
    const strangers = [
      makeBeacon({ ...options, cluster: 'other' }),
      makeBeacon({ ...options, secret: Buffer.alloc(32, 1) }),
    ];
    for (const { beacon } of strangers) {
      await beacon.start();
      beacon.send();
    }
    await until(() => a.beacon.counters.dropped.code === 2 && b.beacon.counters.dropped.code === 2);
    a.beacon.send();
    await until(() => b.heard.length === 1);
    expect(strangers.flatMap(({ heard }) => heard)).toEqual([]);
  });

  it('goes quiet for good in a network that takes no beacons', async () => {
    // From a loopback address there is no way to another machine.
    const targets = [{ host: '192.0.2.1', port: 9 }];
    const { beacon } = makeBeacon({ listen: { host: '127.0.0.1', port: 0 }, targets });
    await beacon.start();
    for (let round = 0; round < 3; round += 1) {
      beacon.send();
      await until(() => beacon.counters.unsent === round + 1);
    }
    await until(() => !beacon.isOn);
    beacon.send();
    expect(beacon.counters.unsent).toBe(3);
  });

  it('stays off without its port', async () => {
    const { beacon } = makeBeacon({ listen: { host: '192.0.2.1', port: 0 } });
    expect(await beacon.start()).toBeUndefined();
    beacon.send();
    expect(beacon.isOn).toBe(false);
  });

  it('makes two trackers known to each other through discovery', async () => {
    const { a, b, port } = await makePair('127.255.255.255', { host: '', port: 0 });
    await Promise.all([a.beacon.close(), b.beacon.close()]);
    const found: HostPort[] = [];
    const discoveries = [5_571, 5_572].map((announcedPort, index) => {
      const { timers, random } = bedPorts();
      return new ClusterDiscovery({
        seeds: [],
        known: [],
        timers,
        logger: silentLogger,
        onFound: (addresses) => void (index === 0 && found.push(...addresses)),
        onKnown: () => undefined,
        beacon: {
          secret: bedSecret,
          cluster: 'bed',
          announced: { host: '0.0.0.0', port: announcedPort },
          clock: realClock,
          random,
          listen: { host: '0.0.0.0', port },
          targets: [{ host: '127.255.255.255', port }],
        },
      });
    });
    for (const discovery of discoveries) await discovery.start();
    await until(() => found.length > 0);
    expect(found[0]?.port).toBe(5_572);
    for (const discovery of discoveries) await discovery.close();
  });
});
