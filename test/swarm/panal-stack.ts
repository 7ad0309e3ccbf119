import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { command } from './lab/command.js';
import type { Engine } from './lab/engine.js';
import type { Lab } from './lab/lab.js';

export const IMAGE = 'panal:lab';
export const TRACKERS = ['t1', 't2', 't3'];
const STACK = 'panal';
const BUILD_TIMEOUT_MS = 300_000;
/** A task needs about 15 s on an idle machine, and peers of five machines come one after another on none of them. */
const SETTLE_TIMEOUT_MS = 120_000;
/** A tracker that was away is ready again when it has heard from the others what it missed. */
const READY_TIMEOUT_MS = 60_000;
const PANAL_USER = 10_001;
const KEY = '/run/secrets/panal_cluster_key';
const KEY_OF_PEERS = '/run/secrets/panal_peer_key';
/** Entries outlive any run, so that what is missing was lost. */
const PEER_TTL = '1h';
const root = fileURLToPath(new URL('../..', import.meta.url));

/** Where a peer runs: the stack's on a machine, unless another service is named. */
export interface Place {
  readonly engine: Engine;
  readonly service?: string;
}

/** The stack of swarm/stack.static.yml and stack.peers.yml on a lab: tracker tN on machine hN, a peer on each. */
export class PanalStack {
  constructor(
    private readonly lab: Lab,
    private readonly key: string,
  ) {}

  /** Builds the image on the first engine and carries it to the others. */
  async buildImage(): Promise<void> {
    const folder = await mkdtemp(path.join(this.lab.folder, 'image-'));
    const options = { env: this.#env(), timeoutMs: BUILD_TIMEOUT_MS };
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

  /** The same image under another id and name on every engine, as a new release would be. */
  async buildNextImage(name: string): Promise<void> {
    const folder = await mkdtemp(path.join(this.lab.folder, 'image-'));
    await writeFile(path.join(folder, 'Dockerfile'), `FROM ${IMAGE}\nLABEL release=${name}\n`);
    const build = (engine: Engine): Promise<string> =>
      command(['docker', '-H', engine.socketUrl, 'build', '--quiet', '--tag', name, folder], { env: this.#env() });
    try {
      await Promise.all(this.lab.engines.map(build));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Labels the machines of the trackers, and makes the cluster's key and the folders. */
  async prepare(): Promise<void> {
    const { manager, engines } = this.lab;
    for (const [index, tracker] of TRACKERS.entries()) {
      const labels = ['--label-add', `panal.tracker=${tracker}`, '--label-add', `zone=z${index + 1}`];
      await manager.docker('node', 'update', ...labels, `h${index + 1}`);
    }
    await manager.dockerWithInput(this.key, 'secret', 'create', 'panal_cluster_key', '-');
    for (const { contentFolder } of engines) await chown(contentFolder, PANAL_USER, PANAL_USER);
  }

  /** Deploys trackers, then peers. The peers' key is made between the two the first time. */
  async deploy(image = IMAGE): Promise<void> {
    const zones = await this.#script('by-node.sh', ['zone']);
    await this.#deployFile('stack.static.yml', { PANAL_IMAGE: image, PANAL_ZONES: zones, PANAL_PEER_TTL: PEER_TTL });
    await this.untilReady();
    const secrets = await this.lab.manager.docker('secret', 'ls', '--format', '{{.Name}}');
    if (!secrets.split('\n').includes('panal_peer_key')) await this.#makePeerKey();
    const addresses = await this.#script('by-node.sh', ['--address']);
    const advertise = `default={{.Task.Name}}:5550,lan=${addresses}:5550`;
    const settings = { PANAL_IMAGE: image, PANAL_LABELS: `zone=${zones}`, PANAL_ADVERTISE: advertise };
    await this.#deployFile('stack.peers.yml', settings);
    await this.untilSettled();
  }

  untilSettled(): Promise<void> {
    return this.lab.untilSettled(STACK, SETTLE_TIMEOUT_MS);
  }

  /** Changes the trackers one at a time. @param options Of `docker service update` */
  async roll(...options: string[]): Promise<void> {
    await this.#script('roll.sh', [STACK, ...options]);
  }

  async remove(): Promise<void> {
    await this.lab.manager.docker('stack', 'rm', STACK);
    const label = `label=com.docker.stack.namespace=${STACK}`;
    await this.lab.until('the stack is gone', SETTLE_TIMEOUT_MS, async () => {
      const answers = await Promise.all(
        this.lab.engines.map((engine) => engine.docker('ps', '--quiet', '--filter', label)),
      );
      const networks = await this.lab.manager.docker('network', 'ls', '--quiet', '--filter', label);
      return answers.join('') === '' && networks === '' && (await this.lab.services(STACK)).length === 0;
    });
  }

  /** Until all trackers live, know each other, and are ready. */
  async untilReady(): Promise<void> {
    await this.lab.until('all trackers are ready', SETTLE_TIMEOUT_MS + READY_TIMEOUT_MS, async () => {
      // The cheap question first: the other starts a Node in each of them.
      for (const name of TRACKERS) await this.#inTracker(name, 'panal-probe', '127.0.0.1', '5556', 'ready');
      for (const name of TRACKERS) {
        const view = await this.#clusterAsSeenBy(name);
        if (view.length !== TRACKERS.length || view.includes(false)) return false;
      }
      return true;
    });
  }

  /** Runs the CLI in the peer of a machine, or in another service's there. */
  panal({ engine, service = `${STACK}_peer` }: Place, ...words: string[]): Promise<string> {
    return this.lab.exec(engine, service, 'panal', ...words);
  }

  /** Starts one more peer on a machine, beside the stack's. @param options Of `docker service create` */
  async addPeer({ engine, service }: Required<Place>, dataPort: number, ...options: string[]): Promise<void> {
    const trackers = this.lab.engines.slice(0, TRACKERS.length).map(({ host }) => `${host.address}:5555`);
    const settings = {
      PANAL_NAME: service,
      PANAL_DATA: '/data',
      PANAL_KEY_FILE: KEY_OF_PEERS,
      PANAL_TRACKER: trackers.join(','),
      PANAL_ADVERTISE: `lan=${engine.host.address}:${dataPort}`,
    };
    const env = Object.entries(settings).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
    const secret = 'source=panal_peer_key,uid=10001,gid=10001,mode=0400';
    const content = 'type=bind,source=/var/lib/panal/content,target=/content';
    const place = ['--constraint', `node.hostname==${engine.host.name}`, '--name', service, '--endpoint-mode', 'dnsrr'];
    const words = ['service', 'create', '--quiet', '--no-resolve-image', ...place, ...env, '--secret', secret];
    await this.lab.manager.docker(...words, '--mount', content, ...options, IMAGE, 'peer');
  }

  /** The id of the task of a tracker: another one after it was replaced. */
  async taskOf(tracker: string): Promise<string> {
    return this.lab.manager.docker(
      'service',
      'ps',
      '--quiet',
      '--filter',
      'desired-state=running',
      `${STACK}_${tracker}`,
    );
  }

  /** Of each tracker that this one knows: whether it lives and is ready. */
  async #clusterAsSeenBy(tracker: string): Promise<readonly boolean[]> {
    const words = ['panal', 'cluster', 'status', '--json', '--tracker', tracker, '--key-file', KEY];
    const text = await this.#inTracker(tracker, ...words);
    const { trackers } = JSON.parse(text) as {
      trackers: { isAlive: boolean; status: { whyNotReady: string | null } | null }[];
    };
    return trackers.map(({ isAlive, status }) => isAlive && status !== null && status.whyNotReady === null);
  }

  #inTracker(tracker: string, ...words: string[]): Promise<string> {
    return this.lab.exec(this.lab.engine(`h${tracker.slice(1)}`), `${STACK}_${tracker}`, ...words);
  }

  async #makePeerKey(): Promise<void> {
    const make = `panal keys client peers --tracker t1 --key-file ${KEY} --out /tmp/peers.key >&2 && cat /tmp/peers.key`;
    const text = await this.#inTracker('t1', 'sh', '-c', `${make}; rm -f /tmp/peers.key`);
    await this.lab.manager.dockerWithInput(`${text}\n`, 'secret', 'create', 'panal_peer_key', '-');
  }

  async #deployFile(file: string, settings: Readonly<Record<string, string>>): Promise<void> {
    const words = ['docker', 'stack', 'deploy', '--resolve-image', 'never', '--compose-file'];
    await command([...words, path.join(root, 'swarm', file), STACK], { env: { ...this.#env(), ...settings } });
  }

  #script(name: string, words: readonly string[]): Promise<string> {
    return command([path.join(root, 'swarm', name), ...words], { env: this.#env(), timeoutMs: BUILD_TIMEOUT_MS });
  }

  #env(): NodeJS.ProcessEnv {
    // What scripts keep for a while is in the lab's folder too: it goes with the lab, however that ends.
    return { ...process.env, DOCKER_HOST: this.lab.manager.socketUrl, DOCKER_BUILDKIT: '0', TMPDIR: this.lab.folder };
  }
}
