import { EchoNode } from './echo-node.fixture.js';
import { SimulatedHost } from './host.js';
import { SimulatedNetwork } from './network.js';
import { EPOCH_MS } from './node-clock.js';
import { Simulation } from './simulation.js';

function pairOfHosts() {
  const simulation = new Simulation(5);
  const network = new SimulatedNetwork(simulation);
  const create = (name: string, peers: string[]) =>
    new SimulatedHost(name, { simulation, network, create: (world) => new EchoNode(world, peers) });
  return { simulation, a: create('a', ['b']), b: create('b', []) };
}

describe('SimulatedHost', () => {
  it('loses memory with a kill, finds its disk again, and acts no more in its former life', () => {
    const { simulation, a, b } = pairOfHosts();
    const former = b.start();
    a.start();
    simulation.runUntil(1000);
    b.kill('process');
    const [heardCount, tickCount] = [former.heard.length, former.ticks];
    const again = b.start();
    expect(heardCount).toBeGreaterThan(10);
    expect([again.heard.length, again.remembered.length]).toEqual([0, heardCount]);
    simulation.runUntil(2000);
    expect([former.heard.length, former.ticks]).toEqual([heardCount, tickCount]);
    expect(again.heard.length).toBeGreaterThan(10);
  });

  it('does nothing while it stands still, and then everything it missed, in order', () => {
    const { simulation, a, b } = pairOfHosts();
    const node = b.start();
    a.start();
    b.pause();
    simulation.runUntil(1000);
    expect([node.heard.length, node.ticks]).toEqual([0, 0]);
    b.resume();
    const numbers = node.heard.map((text) => Number(text.split(' ')[2]));
    expect(numbers.length).toBeGreaterThan(15);
    expect(numbers).toEqual([...numbers].sort((one, other) => one - other));
    simulation.runUntil(1200);
    expect(node.ticks).toBeGreaterThan(1);
  });

  it('has its own idea of the wall clock, while durations stay true', () => {
    const { simulation, a } = pairOfHosts();
    a.clock.skew(-500, 0.001);
    simulation.runUntil(10_000);
    a.clock.step(2000);
    expect(a.clock.nowMs()).toBe(EPOCH_MS + 10_000 - 500 + 10 + 2000);
    expect(a.clock.monotonicMs()).toBe(10_000);
  });
});
