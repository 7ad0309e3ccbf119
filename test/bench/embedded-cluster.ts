import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** What a server tells its parent when it is ready. */
interface ReadyMessage {
  readonly kind: 'ready' | 'failed';
  readonly name?: string;
  readonly rpc?: string;
  readonly url?: string;
  readonly report?: { readonly message: string };
}

/** One peer process under test, reached by its REST API. */
export class BenchPeer {
  constructor(
    readonly child: ChildProcess,
    private readonly url: string,
    private readonly token: string,
  ) {}

  async call<T>(method: string, route: string, body?: unknown): Promise<T> {
    const headers = { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' };
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const response = await fetch(`${this.url}/api/v1${route}`, init);
    if (!response.ok) throw new Error(`${method} ${route}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** Anonymous resident memory of the process now, in bytes; file pages are not in it. */
  async rssAnonBytes(): Promise<number> {
    const status = await readFile(`/proc/${this.child.pid}/status`, 'utf8');
    return Number(/RssAnon:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
  }

  /** User and system time of the process so far, in seconds. */
  async cpuSeconds(): Promise<number> {
    const stat = await readFile(`/proc/${this.child.pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }
}

/** A tracker and peers as real processes on loopback, for measurements. */
export class BenchCluster {
  readonly #children: ChildProcess[] = [];
  #tracker = '';

  constructor(private readonly folder: string) {}

  async startTracker(): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    const key = `panal-cluster-key:1:${randomBytes(32).toString('base64url')}\n`;
    await writeFile(this.#keyFile, key, { mode: 0o600 });
    const { message } = await this.#start('tracker', 't1', ['--http', '127.0.0.1:0']);
    this.#tracker = message.rpc as string;
  }

  async startPeer(name: string): Promise<BenchPeer> {
    const arguments_ = ['--name', name, '--api', '127.0.0.1:0', '--tracker', this.#tracker];
    const { child, message } = await this.#start('peer', name, arguments_);
    const token = await readFile(path.join(this.folder, name, 'api-token'), 'utf8');
    return new BenchPeer(child, message.url as string, token.trim());
  }

  async stop(): Promise<void> {
    const ended = this.#children.map((child) => new Promise((resolve) => child.once('exit', resolve)));
    for (const child of this.#children) child.kill('SIGTERM');
    await Promise.all(ended);
  }

  get #keyFile(): string {
    return path.join(this.folder, 'cluster.key');
  }

  async #start(app: string, name: string, extra: string[]): Promise<{ child: ChildProcess; message: ReadyMessage }> {
    const main = new URL(`../../apps/${app}/src/main.js`, import.meta.url);
    const data = path.join(this.folder, name);
    const common = ['--listen', '127.0.0.1:0', '--data', data, '--key-file', this.#keyFile];
    const child = fork(main, [...common, ...extra], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.#children.push(child);
    const message = await new Promise<ReadyMessage>((resolve, reject) => {
      child.once('message', (ready) => resolve(ready as ReadyMessage));
      child.once('exit', (code) => reject(new Error(`${name} ended with ${code} before it was ready`)));
    });
    if (message.kind === 'failed') throw new Error(`${name}: ${message.report?.message}`);
    return { child, message };
  }
}
