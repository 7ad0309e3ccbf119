import { between, pick } from './draw.js';
import { EchoNode } from './echo-node.fixture.js';
import { SimulationFailure } from './failure.js';
import { SimulatedHost } from './host.js';
import { LAN } from './link.js';
import { Nemesis } from './nemesis.js';
import { SimulatedNetwork } from './network.js';
import { Simulation } from './simulation.js';

const NAMES = ['a', 'b', 'c', 'd'];

/** Four chatting nodes in every kind of trouble. */
function run(seed: number) {
  const simulation = new Simulation(seed);
  const network = new SimulatedNetwork(simulation, { ...LAN, lossRate: 0.05, lateRate: 0.1, duplicateRate: 0.05 });
  const hosts = NAMES.map((name) => {
    const peers = NAMES.filter((other) => other !== name);
    return new SimulatedHost(name, { simulation, network, create: (world) => new EchoNode(world, peers) });
  });
  const random = simulation.random('faults');
  const any = () => pick(random, hosts) as SimulatedHost<EchoNode>;
  const nemesis = new Nemesis(simulation, [
    {
      kind: 'kill',
      meanIntervalMs: 4000,
      inject: () => {
        const host = any();
        if (host.state !== 'running') return false;
        host.kill(random.below(2) === 0 ? 'process' : 'machine');
        simulation.after(between(random, 10, 3000), () => host.start());
        return true;
      },
    },
    {
      kind: 'pause',
      meanIntervalMs: 3000,
      inject: () => {
        const host = any();
        host.pause();
        simulation.after(between(random, 10, 3000), () => host.resume());
        return true;
      },
    },
    {
      kind: 'partition',
      meanIntervalMs: 5000,
      inject: () => {
        network.partition(NAMES, [NAMES.slice(0, 2), NAMES.slice(2)]);
        simulation.after(between(random, 10, 9000), () => network.mendAll());
        return true;
      },
    },
  ]);
  for (const host of hosts) host.start();
  nemesis.start();
  simulation.runUntil(30_000);
  return { simulation, network, nemesis };
}

describe('a seed', () => {
  it('says everything that happens', () => {
    for (const seed of [1, 2, 3]) {
      const [first, second] = [run(seed), run(seed)];
      expect(first.simulation.trace.hash).toBe(second.simulation.trace.hash);
      expect(first.simulation.eventCount).toBe(second.simulation.eventCount);
      expect(first.network.counters).toEqual(second.network.counters);
      expect(first.simulation.eventCount).toBeGreaterThan(10_000);
    }
  });

  it('differs from every other one, also in the kinds of faults it has', () => {
    const runs = [1, 2, 3, 4, 5, 6].map(run);
    expect(new Set(runs.map(({ simulation }) => simulation.trace.hash)).size).toBe(6);
    expect(new Set(runs.map(({ nemesis }) => nemesis.enabled.join())).size).toBeGreaterThan(2);
  });
});

describe('SimulationFailure', () => {
  it('names the seed and the last that happened', () => {
    const { simulation } = run(9);
    simulation.note('checker', 'sees it');
    const { message } = new SimulationFailure('I0', 'a detail', simulation);
    expect(message).toContain('SEED=9: I0 at 30.000 s: a detail');
    expect(message.trimEnd()).toMatch(/checker +sees it$/);
  });
});
