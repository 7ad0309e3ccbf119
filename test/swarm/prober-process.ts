import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LabNetwork } from './lab/lab-network.js';
import type { ProberOrder, ProberReport } from './prober.js';

/** A report looks up everything that was acknowledged, with patience. */
const ANSWER_MAX_MS = 60_000;
const TRACKER_PORT = 5555;

export interface ProberOptions {
  readonly folder: string;
  readonly network: LabNetwork;
  /** The cluster's key as its file has it. */
  readonly key: string;
  /** Address of the machine of each tracker, by the name that the tracker tells others. */
  readonly trackers: Readonly<Record<string, string>>;
}

/** The prober as a process of its own, beside the machines of the lab: what they publish is what it sees of them. */
export class ProberProcess {
  private constructor(private readonly child: ChildProcess) {}

  static async start({ folder, network, key, trackers }: ProberOptions): Promise<ProberProcess> {
    const keyFile = path.join(folder, 'prober.key');
    const hostsFile = path.join(folder, 'prober.hosts');
    await writeFile(keyFile, key, { mode: 0o600 });
    const names = Object.entries(trackers).map(([name, address]) => `${address} ${name}`);
    await writeFile(hostsFile, `127.0.0.1 localhost\n${names.join('\n')}\n`);
    // The names that trackers tell each other are those of the overlay network: outside somebody has to say what they mean.
    const script = 'mount --bind "$0" /etc/hosts && exec "$@"';
    const launcher = [`--net=/var/run/netns/${network.switchNamespace}`, 'unshare', '-m', '--propagation', 'private'];
    const main = fileURLToPath(new URL('../../dist/test/swarm/prober.js', import.meta.url));
    const addresses = Object.keys(trackers).map((name) => `${name}:${TRACKER_PORT}`);
    const child = fork(main, [keyFile, ...addresses], {
      execPath: 'nsenter',
      execArgv: [...launcher, 'sh', '-c', script, hostsFile, process.execPath],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const prober = new ProberProcess(child);
    await prober.begin();
    return prober;
  }

  /** Counts from now on. */
  async begin(): Promise<void> {
    await this.#ask('begin');
  }

  async report(): Promise<ProberReport> {
    return (await this.#ask('report')) as ProberReport;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.disconnect();
    await ended;
  }

  async #ask(order: ProberOrder): Promise<unknown> {
    const signal = AbortSignal.timeout(ANSWER_MAX_MS);
    const answered = once(this.child, 'message', { signal });
    this.child.send(order);
    const [answer] = (await answered) as [unknown];
    return answer;
  }
}
