import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { command } from './lab/command.js';
import { type Engine, MACHINE_CONTENT } from './lab/engine.js';
import type { Lab } from './lab/lab.js';

const IMAGE = 'panal:lab';
const BUILD_TIMEOUT_MS = 300_000;
const SETTLE_TIMEOUT_MS = 120_000;
const STACK = 'panal';
const root = fileURLToPath(new URL('../..', import.meta.url));

/** The stack of swarm/stack.static.yml on a lab, deployed as swarm/README.md says. */
export class PanalStack {
  constructor(private readonly lab: Lab) {}

  /** Builds the image on the first engine and carries it to the others. */
  async buildImage(): Promise<void> {
    const folder = await mkdtemp(path.join(tmpdir(), 'panal-image-'));
    const env = { ...process.env, DOCKER_HOST: this.lab.manager.socketUrl };
    const options = { env, timeoutMs: BUILD_TIMEOUT_MS };
    try {
      await command([path.join(root, 'swarm/offline-base.sh')], options);
      await command([path.join(root, 'swarm/build-image.sh'), '--base', 'panal-base:local', '--tag', IMAGE], options);
      const file = path.join(folder, 'image.tar');
      await this.lab.manager.docker('save', '--output', file, IMAGE);
      await this.lab.loadImage(file);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Labels the machines of the trackers, and makes the key and the folders. */
  async prepare(key: string): Promise<void> {
    const nodes = (await this.lab.manager.docker('node', 'ls', '--format', '{{.ID}} {{.Hostname}}')).split('\n');
    for (const line of nodes) {
      const [id = '', name = ''] = line.split(' ');
      const number = Number(name.slice(1));
      if (number <= 3) await this.lab.manager.docker('node', 'update', '--label-add', `panal.tracker=t${number}`, id);
    }
    await this.lab.manager.dockerWithInput(key, 'secret', 'create', 'panal_cluster_key', '-');
    for (const { contentFolder } of this.lab.engines) await command(['chown', '10001:10001', contentFolder]);
  }

  async deploy(): Promise<void> {
    const env = { ...process.env, PANAL_IMAGE: IMAGE, PANAL_CONTENT: MACHINE_CONTENT };
    const file = path.join(root, 'swarm/stack.static.yml');
    const words = ['docker', '-H', this.lab.manager.socketUrl, 'stack', 'deploy', '--resolve-image', 'never'];
    await command([...words, '--compose-file', file, STACK], { env });
    await this.lab.untilSettled(STACK, SETTLE_TIMEOUT_MS);
  }

  async remove(): Promise<void> {
    await this.lab.manager.docker('stack', 'rm', STACK);
    await this.lab.until('the stack is gone', SETTLE_TIMEOUT_MS, async () => {
      const left = await this.lab.manager.docker(
        'ps',
        '--quiet',
        '--filter',
        `label=com.docker.stack.namespace=${STACK}`,
      );
      const networks = await this.lab.manager.docker('network', 'ls', '--quiet', '--filter', `name=${STACK}_panal`);
      return left === '' && networks === '' && (await this.lab.services(STACK)).length === 0;
    });
  }

  /** Runs the CLI in the peer of a machine. */
  panal(engine: Engine, ...words: string[]): Promise<string> {
    return this.lab.exec(engine, `${STACK}_peer`, 'panal', ...words);
  }
}
