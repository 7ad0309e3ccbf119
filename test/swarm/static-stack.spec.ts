import { createHash, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { jest } from '@jest/globals';
import { formatClusterKey, makeClusterKey } from '@panal/access';
import { SystemRandom } from '@panal/nest';
import { type Engine } from './lab/engine.js';
import { Lab } from './lab/lab.js';
import { PanalStack } from './panal-stack.js';

// Engines, images and tasks that move take minutes on a small machine.
jest.setTimeout(600_000);

const MIB = 1024 * 1024;
const READY_TIMEOUT_MS = 60_000;

describe('the static stack on a Swarm of three machines', () => {
  let lab: Lab;
  let stack: PanalStack;
  let deploySeconds = 0;

  beforeAll(async () => {
    lab = await Lab.start({ engines: 3, managers: 3 });
    stack = new PanalStack(lab);
    await stack.buildImage();
    await stack.prepare(formatClusterKey(makeClusterKey(new SystemRandom())));
    const startMs = performance.now();
    await stack.deploy();
    deploySeconds = (performance.now() - startMs) / 1_000;
    process.stdout.write(`docker stack deploy, until every task ran: ${deploySeconds.toFixed(1)} s\n`);
  });

  afterAll(async () => {
    await lab?.stop();
  });

  async function share(engine: Engine, name: string): Promise<string> {
    const bytes = randomBytes(8 * MIB);
    await writeFile(path.join(engine.contentFolder, name), bytes);
    await stack.panal(engine, 'share', `/content/${name}`, '--name', `${name}:1`);
    return hashOf(bytes);
  }

  async function fetched(engine: Engine, name: string): Promise<string> {
    await stack.panal(engine, 'get', `${name}:1`, '--to', '/content/got', '--wait', '60');
    return hashOf(await readFile(path.join(engine.contentFolder, 'got', name)));
  }

  /** Until every tracker that a machine's peer can ask is ready. */
  async function untilReady(count: number): Promise<void> {
    await lab.until(`${count} trackers are ready`, READY_TIMEOUT_MS, async () => {
      const engine = lab.engines.at(-1) as Engine;
      const key = '/run/secrets/panal_cluster_key';
      const text = await stack.panal(engine, 'cluster', 'status', '--json', '--tracker', 't3:5555', '--key-file', key);
      const { trackers } = JSON.parse(text) as { trackers: { status: { whyNotReady: string | null } | null }[] };
      return trackers.filter(({ status }) => status !== null && status.whyNotReady === null).length === count;
    });
  }

  it('brings a file from one machine to all', async () => {
    await untilReady(3);
    const [first, ...others] = lab.engines as [Engine, ...Engine[]];
    const hash = await share(first, 'everywhere');
    for (const engine of others) expect(await fetched(engine, 'everywhere')).toBe(hash);
  });

  it('goes on while a machine is cut off, which comes back by itself', async () => {
    const [first, second, third] = lab.engines as [Engine, Engine, Engine];
    await lab.network.cut(second.host);
    const hash = await share(first, 'meanwhile');
    expect(await fetched(third, 'meanwhile')).toBe(hash);
    await lab.network.heal(second.host);
    await untilReady(3);
    expect(await fetched(second, 'meanwhile')).toBe(hash);
  });

  it('knows after it was removed and deployed again what its volumes hold', async () => {
    await stack.remove();
    await stack.deploy();
    await untilReady(3);
    const last = lab.engines.at(-1) as Engine;
    const listed = await stack.panal(last, 'ls', '--json');
    expect(listed).toContain('everywhere:1');
    expect(listed).toContain('meanwhile:1');
  });
});

function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
