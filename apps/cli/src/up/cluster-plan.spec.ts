import { once } from 'node:events';
import { createServer } from 'node:net';
import { ClusterError } from '../errors.js';
import { LOOPBACK, PortChooser } from '../servers/free-port.js';
import { planCluster } from './cluster-plan.js';

describe('planCluster', () => {
  it('gives every server ports of its own, and passes over those that others expect', async () => {
    const plans = await planCluster(new PortChooser(LOOPBACK), '/data/up', {
      tracker: { count: 5 },
      peer: { count: 7 },
    });
    const ports = plans.flatMap(({ port, webPort }) => [port, webPort]);
    expect(new Set(ports).size).toBe(24);
    for (const reserved of [5560, 5561, 5570, 5571]) expect(ports).not.toContain(reserved);
    expect(plans.map(({ name }) => name).join(' ')).toBe('t1 t2 t3 t4 t5 p1 p2 p3 p4 p5 p6 p7');
    expect(plans[5]).toMatchObject({
      role: 'peer',
      dataDir: '/data/up/p1',
      logFile: '/data/up/logs/p1.log',
      isPortNamed: false,
    });
  });

  it('takes a port that was named, or says that it is taken', async () => {
    const taken = createServer().listen(0, LOOPBACK);
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    const shape = { tracker: { count: 1 }, peer: { count: 1, port } };
    await expect(planCluster(new PortChooser(LOOPBACK), '/up', shape)).rejects.toThrow(ClusterError);
    taken.close();
    await once(taken, 'close');
    const [, peer] = await planCluster(new PortChooser(LOOPBACK), '/up', shape);
    expect(peer).toMatchObject({ port, isPortNamed: true });
  });
});
