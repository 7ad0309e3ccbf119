import { randomBytes } from 'node:crypto';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Arena, Contest, Contestant } from './contestant.js';
import type { Host } from './network.js';
import { Program, untilExists, versionOf } from './program.js';
import { writeTorrent } from './torrent-file.js';
import { TorrentTracker } from './torrent-tracker.js';

const POLL_MS = 50;
const START_MS_MAX = 30_000;

/**
 * As a sensible user would set it for this: running all the time and told by RPC, no search for peers outside, plain
 * connections, nothing written before the content, every peer asked, seeding without end.
 */
const FLAGS: readonly string[] = [
  '--no-conf=true',
  '--quiet=true',
  '--enable-rpc=true',
  '--rpc-listen-all=true',
  '--rpc-max-request-size=16M',
  '--file-allocation=none',
  '--disk-cache=64M',
  '--bt-max-peers=0',
  '--bt-request-peer-speed-limit=1000M',
  '--max-overall-upload-limit=0',
  '--max-overall-download-limit=0',
  '--bt-min-crypto-level=plain',
  '--bt-require-crypto=false',
  '--enable-dht=false',
  '--enable-dht6=false',
  '--bt-enable-lpd=false',
  '--enable-peer-exchange=true',
  '--seed-ratio=0.0',
  '--auto-save-interval=0',
  '--bt-save-metadata=false',
  '--rpc-save-upload-metadata=false',
];
const PROVIDER_FLAGS: readonly string[] = ['--check-integrity=true', '--bt-hash-check-seed=true'];

export const aria2: Contestant = {
  name: 'aria2',
  version: versionOf('aria2c', '--version'),
  settings: { everyone: FLAGS, provider: PROVIDER_FLAGS },
  start,
};

async function start(arena: Arena): Promise<Contest> {
  const { network, folder, source, targets } = arena;
  const tracker = await TorrentTracker.start(network.observerAddress);
  const torrent = path.join(folder, 'content.torrent');
  await writeTorrent(torrent, source, tracker.url);
  const content = (await readFile(torrent)).toString('base64');
  const hosts = [network.provider, ...network.downloaders];
  const peers = hosts.map((host, index) => new Aria2(host, index, folder));
  const stop = async (): Promise<void> => {
    await Promise.all(peers.map(({ program }) => program.end('SIGKILL')));
    await tracker.stop();
  };
  try {
    for (const peer of peers) await peer.prepare();
    const [provider, ...downloaders] = peers as [Aria2, ...Aria2[]];
    await provider.add(content, path.dirname(source));
    await until(() => tracker.peerCount === 1, 'aria2 did not offer the content');
    return {
      pids: () => peers.map(({ program }) => program.pid),
      distribute: async (signal) => {
        const fetchContent = async (peer: Aria2, index: number): Promise<void> => {
          await peer.add(content, targets[index] as string);
          await untilExists(peer.doneFile, peer.program, signal);
        };
        await Promise.all(downloaders.map(fetchContent));
      },
      // Its cache is on disk when it says that it is done: it runs the hook after that.
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** One aria2, told what to do by JSON-RPC; a hook makes a file when a download is complete. */
class Aria2 {
  readonly doneFile: string;
  readonly program: Program;
  readonly #secret = randomBytes(16).toString('hex');
  readonly #rpcUrl: string;
  readonly #hook: string;

  constructor(host: Host, index: number, folder: string) {
    this.doneFile = path.join(folder, `aria2-${index}.done`);
    this.#hook = path.join(folder, `aria2-${index}.sh`);
    // Ports of their own: on loopback, aria2 listens on every address.
    const rpcPort = 6800 + index;
    this.#rpcUrl = `http://${host.address}:${rpcPort}/jsonrpc`;
    const own = [
      `--rpc-secret=${this.#secret}`,
      `--rpc-listen-port=${rpcPort}`,
      `--listen-port=${6900 + index}`,
      `--bt-external-ip=${host.address}`,
      `--on-bt-download-complete=${this.#hook}`,
    ];
    const role = index === 0 ? PROVIDER_FLAGS : [];
    this.program = new Program(host, ['aria2c', ...FLAGS, ...role, ...own], folder);
  }

  /** Settles when it answers. */
  async prepare(): Promise<void> {
    await writeFile(this.#hook, `#!/bin/sh\n: > '${this.doneFile}'\n`);
    await chmod(this.#hook, 0o755);
    const isUp = async (): Promise<boolean> => {
      this.program.mustRun();
      return this.#call('aria2.getVersion').then(
        () => true,
        () => false, // Not listening yet.
      );
    };
    await until(isUp, 'aria2 did not start');
  }

  async add(torrent: string, directory: string): Promise<void> {
    await this.#call('aria2.addTorrent', torrent, [], { dir: directory });
  }

  async #call(method: string, ...parameters: readonly unknown[]): Promise<unknown> {
    const params = [`token:${this.#secret}`, ...parameters];
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    const response = await fetch(this.#rpcUrl, { method: 'POST', body });
    const answer = (await response.json()) as { result?: unknown; error?: { message: string } };
    if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`);
    return answer.result;
  }
}

async function until(condition: () => boolean | Promise<boolean>, complaint: string): Promise<void> {
  const deadlineMs = performance.now() + START_MS_MAX;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(complaint);
    await wait(POLL_MS);
  }
}
