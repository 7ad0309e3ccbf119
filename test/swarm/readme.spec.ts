import { createHash, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { jest } from '@jest/globals';
import { idleFigures } from './idle.js';
import type { Engine } from './lab/engine.js';
import { Lab } from './lab/lab.js';
import { Machine } from './lab/machine.js';
import { ReadmeSteps } from './readme-steps.js';

// Engines, images and tasks that move take minutes on a small machine.
jest.setTimeout(600_000);

const SETTLE_TIMEOUT_MS = 120_000;
const SIZE_BYTES = 32 * 1024 * 1024;
const IDLE_MIB_MAX = 120;
const IMAGE_BYTES_MAX = 250_000_000;
const WORDS = { ADDRESS: '198.18.10.1', MACHINE1: 'h1', MACHINE2: 'h2', MACHINE3: 'h3' };
/** Minutes each; faults.spec.ts rolls trackers and deploys the stack again in every run, and under load. */
const isLong = process.env.PANAL_TEST_SWARM_LONG === '1';

describe('swarm/README.md, to the letter, on three machines', () => {
  let lab: Lab;
  let steps: ReadmeSteps;
  let first: Machine;
  let others: Machine[];
  const content = randomBytes(SIZE_BYTES);

  beforeAll(async () => {
    steps = await ReadmeSteps.read();
    lab = await Lab.start({ engines: 3, managers: 0 });
    const machines = await Promise.all(lab.engines.map((engine) => Machine.open(engine, lab)));
    [first, ...others] = machines as [Machine, ...Machine[]];
  });

  afterAll(async () => {
    await lab?.stop();
  });

  const step = (name: string, machine = first): Promise<string> => machine.run(steps.script(name, WORDS));

  const settled = (): Promise<void> => lab.untilSettled('panal', SETTLE_TIMEOUT_MS);

  it('leads from nothing to a file on every machine', async () => {
    const [, token = ''] = /--token (\S+)/.exec(await step('init')) ?? [];
    for (const machine of others) await machine.run(steps.script('join', { ...WORDS, TOKEN: token }));
    await first.run(steps.script('image', WORDS), { network: 'outside' });
    await step('labels');
    await step('settings');
    const startMs = performance.now();
    await step('trackers');
    for (const machine of [first, ...others]) await step('folder', machine);
    await step('peers');
    await settled();
    await writeFile(path.join(first.engine.contentFolder, 'model.bin'), content);
    await step('share');
    for (const machine of others) await step('get', machine);
    const seconds = ((performance.now() - startMs) / 1_000).toFixed(1);
    for (const { engine } of others) expect(await hashOf(engine.contentFolder)).toBe(sha256(content));
    process.stdout.write(`docker stack deploy to a verified file on every machine: ${seconds} s\n`);
  });

  it('has an image that is small', async () => {
    const sizeBytes = Number(await lab.manager.docker('image', 'inspect', '--format', '{{.Size}}', 'panal:0.1.0'));
    process.stdout.write(`image with its base: ${Math.round(sizeBytes / 1_000_000)} MB\n`);
    expect(sizeBytes).toBeLessThan(IMAGE_BYTES_MAX);
  });

  it('lets another service read what was fetched', async () => {
    await step('reader');
    let found = 0;
    await lab.until('the reader has read', SETTLE_TIMEOUT_MS, async () => {
      const logs = await lab.manager.docker('service', 'logs', '--raw', 'reader');
      found = logs.split(sha256(content)).length - 1;
      return found === others.length;
    });
    expect(found).toBe(others.length);
    await lab.manager.docker('service', 'rm', 'reader');
  });

  it('shows that its trackers are well', async () => {
    const status = await step('status');
    expect(status.match(/^ready /gm)).toHaveLength(3);
    for (const zone of ['a', 'b', 'c']) expect(status).toMatch(new RegExp(`^ready +t. +t.:5555 +${zone} `, 'm'));
  });

  it('gives peers the labels of their machines', async () => {
    for (const [index, zone] of ['a', 'b', 'c'].entries()) {
      const engine = lab.engines[index] as Engine;
      const status = await lab.exec(engine, 'panal_peer', 'panal', 'status', '--json');
      expect(JSON.parse(status)).toMatchObject({ peer: { labels: { zone } } });
    }
  });

  it('takes little while nobody asks', async () => {
    const services = ['panal_t1', 'panal_peer'];
    const figures = await Promise.all(services.map((service) => idleFigures(lab, first.engine, service)));
    for (const one of figures) {
      process.stdout.write(`${JSON.stringify({ idle: one })}\n`);
      expect(one.ownMiB).toBeLessThan(IDLE_MIB_MAX);
    }
  });

  if (isLong) {
    it('is upgraded', async () => {
      const release =
        'printf "FROM panal:0.1.0\\nLABEL release=0.2.0\\n" | DOCKER_BUILDKIT=0 docker build -qt panal:0.2.0 -';
      for (const machine of [first, ...others]) await machine.run(release);
      await step('upgrade');
      const images = async (): Promise<readonly string[]> => {
        const answers = await Promise.all(lab.engines.map((engine) => engine.docker('ps', '--format', '{{.Image}}')));
        return answers.flatMap((lines) => lines.split('\n'));
      };
      await lab.until(
        'all tasks have the new image',
        SETTLE_TIMEOUT_MS,
        async () => new Set(await images()).size === 1,
      );
      await settled();
      expect(await images()).toEqual(Array.from({ length: 6 }, () => 'panal:0.2.0'));
      // The deploy behind the roll has left the trackers alone.
      for (const tracker of ['panal_t1', 'panal_t2', 'panal_t3']) {
        const tasks = await lab.manager.docker('service', 'ps', '--format', '{{.Image}}', tracker);
        expect(tasks.split('\n').filter((image) => image === 'panal:0.2.0')).toHaveLength(1);
      }
    });

    it('gets a new cluster key', async () => {
      await step('rotate');
      expect(await step('status')).toMatch(/^ready /m);
      await step('get', others[0]);
    });

    it('is removed, and comes back out of a backup', async () => {
      await step('backup');
      await step('remove');
      const label = 'label=com.docker.stack.namespace=panal';
      await lab.until('the stack is gone', SETTLE_TIMEOUT_MS, async () => {
        const left = await Promise.all(
          lab.engines.map((engine) => engine.docker('ps', '--all', '--quiet', '--filter', label)),
        );
        return left.join('') === '' && (await lab.manager.docker('network', 'ls', '-qf', label)) === '';
      });
      for (const [index, { engine }] of [first, ...others].entries()) {
        await engine.docker('volume', 'rm', `panal_t${index + 1}`, 'panal_peer');
      }
      await step('restore');
      const deploy = 'docker stack deploy --resolve-image never --compose-file swarm';
      await first.run(`. ./panal.env; ${deploy}/stack.static.yml panal; ${deploy}/stack.peers.yml panal`);
      await settled();
      const peer = await lab.container(first.engine, 'panal_peer');
      // The trackers know the peers' key only because it was in the backup; and so is the name.
      let listed = '';
      await lab.until('the name is known', SETTLE_TIMEOUT_MS, async () => {
        listed = await first.engine.docker('exec', peer, 'panal', 'ls', '--json');
        return listed.includes('"model:1"');
      });
      expect(listed).toContain('"model:1"');
    });
  } else
    process.stdout.write(
      'skipped, with PANAL_TEST_SWARM_LONG=1 it is not: is upgraded, gets a new cluster key, comes back out of a backup\n',
    );

  it('has no step that was not taken', () => {
    expect(steps.left).toEqual(isLong ? [] : ['upgrade', 'rotate', 'backup', 'restore', 'remove']);
  });
});

async function hashOf(contentFolder: string): Promise<string> {
  return sha256(await readFile(path.join(contentFolder, 'got/model.bin')));
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
