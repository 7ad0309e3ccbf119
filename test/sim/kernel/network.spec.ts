import { EchoNode } from './echo-node.fixture.js';
import { SimulatedHost } from './host.js';
import { DATAGRAM_SIZE_MAX, LAN, type LinkQuality, STREAM_STALL_MS } from './link.js';
import { SimulatedNetwork } from './network.js';
import { Simulation } from './simulation.js';

function twoHosts(quality: Partial<LinkQuality> = {}) {
  const simulation = new Simulation(3);
  const network = new SimulatedNetwork(simulation, { ...LAN, ...quality });
  const create = (name: string) =>
    new SimulatedHost(name, { simulation, network, create: (world) => new EchoNode(world) });
  const [a, b] = [create('a'), create('b')];
  const [nodeA, nodeB] = [a.start(), b.start()];
  return { simulation, network, a, b, nodeA, nodeB };
}

function sendMany(node: EchoNode, to: string, count: number): string[] {
  const texts = Array.from({ length: count }, (_, at) => `m${at}`);
  for (const text of texts) node.world.send(to, Buffer.from(text));
  return texts.map((text) => `${node.world.name}: ${text}`);
}

describe('streams', () => {
  it('deliver everything once and in order, however bad the line', () => {
    const { simulation, nodeA, nodeB } = twoHosts({ lossRate: 0.3, duplicateRate: 0.5, lateRate: 0.5 });
    const sent = sendMany(nodeA, 'b', 100);
    simulation.runUntil(60_000);
    expect(nodeB.heard).toEqual(sent);
  });

  it('hold what a short cut stops, and go on after it', () => {
    const { simulation, network, nodeA, nodeB } = twoHosts();
    network.cut('a', 'b');
    const sent = sendMany(nodeA, 'b', 5);
    simulation.runUntil(STREAM_STALL_MS / 2);
    expect(nodeB.heard).toEqual([]);
    network.mend('a', 'b');
    simulation.runUntil(STREAM_STALL_MS);
    expect(nodeB.heard).toEqual(sent);
    expect(nodeA.downs).toEqual([]);
  });

  it('break on both sides when a cut lasts, and what was in them is lost', () => {
    const { simulation, network, nodeA, nodeB } = twoHosts();
    network.cut('a', 'b');
    sendMany(nodeA, 'b', 5);
    simulation.runUntil(STREAM_STALL_MS * 2);
    network.mendAll();
    simulation.runUntil(STREAM_STALL_MS * 4);
    expect(nodeB.heard).toEqual([]);
    expect([nodeA.downs, nodeB.downs]).toEqual([['b'], ['a']]);
  });

  it('pass in the open direction of a one-way cut until the missing acknowledgements break them', () => {
    const { simulation, network, nodeA, nodeB } = twoHosts();
    network.cut('a', 'b');
    const sent = sendMany(nodeB, 'a', 3);
    simulation.runUntil(100);
    expect(nodeA.heard).toEqual(sent);
    simulation.runUntil(STREAM_STALL_MS * 2);
    expect([nodeA.downs, nodeB.downs]).toEqual([['b'], ['a']]);
  });

  it('take with a dead sender what it had under way, and tell the others soon', () => {
    const { simulation, a, nodeA, nodeB } = twoHosts();
    sendMany(nodeA, 'b', 3);
    a.kill('process');
    simulation.runUntil(10);
    expect(nodeB.heard).toEqual([]);
    expect(nodeB.downs).toEqual(['a']);
  });

  it('say nothing of a dead machine until patience ends', () => {
    const { simulation, a, nodeA, nodeB } = twoHosts();
    sendMany(nodeA, 'b', 1);
    simulation.runUntil(10);
    a.kill('machine');
    simulation.runUntil(STREAM_STALL_MS - 100);
    expect(nodeB.downs).toEqual([]);
    simulation.runUntil(STREAM_STALL_MS + 100);
    expect(nodeB.downs).toEqual(['a']);
  });

  it('do not carry bytes of a former life into a restarted process', () => {
    const { simulation, b, nodeA, nodeB } = twoHosts();
    sendMany(nodeA, 'b', 3);
    b.kill('process');
    const again = b.start();
    simulation.runUntil(100);
    expect([nodeB.heard, again.heard]).toEqual([[], []]);
    const sent = sendMany(nodeA, 'b', 2);
    simulation.runUntil(200);
    expect(again.heard).toEqual(sent);
  });
});

describe('datagrams', () => {
  it('are lost, doubled and overtaken at the rates of the line', () => {
    const { simulation, nodeA, nodeB } = twoHosts({ lossRate: 0.2, duplicateRate: 0.2, lateRate: 0.3 });
    for (let at = 0; at < 1000; at += 1) nodeA.world.datagram('b', Buffer.from(String(at)));
    simulation.runUntil(5000);
    const arrived = nodeB.datagrams.map(Number);
    const different = new Set(arrived).size;
    expect(different).toBeGreaterThan(700);
    expect(different).toBeLessThan(900);
    expect(arrived.length).toBeGreaterThan(different);
    expect(arrived).not.toEqual([...arrived].sort((one, other) => one - other));
  });

  it('pass in one direction of a one-way cut, and never when they are too large', () => {
    const { simulation, network, nodeA, nodeB } = twoHosts();
    network.cut('a', 'b');
    nodeA.world.datagram('b', Buffer.from('lost'));
    nodeB.world.datagram('a', Buffer.from('heard'));
    nodeB.world.datagram('a', Buffer.alloc(DATAGRAM_SIZE_MAX + 1));
    simulation.runUntil(1000);
    expect([nodeA.datagrams, nodeB.datagrams]).toEqual([['heard'], []]);
  });
});

describe('a partition', () => {
  it('cuts between its groups and not inside them', () => {
    const network = new SimulatedNetwork(new Simulation(1));
    network.partition(['a', 'b', 'c'], [['a', 'b'], ['c']]);
    expect([network.areConnected('a', 'b'), network.areConnected('a', 'c'), network.isCut('c', 'b')]).toEqual([
      true,
      false,
      true,
    ]);
    network.mendAll();
    expect(network.areConnected('a', 'c')).toBe(true);
  });
});
