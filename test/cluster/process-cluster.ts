import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { TRACKER_NODE_FLAGS } from '@panal/runtime';
import type { DownloadRequest, PeerStatus, ShareRequest, TorrentView } from '@panal/wire';

/** Longest wait for a condition; a test that needs longer has failed. */
const WAIT_MAX_MS = 60_000;
const POLL_MS = 20;
/** Of what a process logs, the last so many characters are kept for the report of a failure. */
const COMPLAINTS_MAX = 4000;

/** What a server tells its parent when it is ready, or why it is not. */
interface ServerMessage {
  readonly kind: 'ready' | 'failed';
  readonly rpc?: string;
  readonly cluster?: string;
  readonly data?: string;
  readonly url?: string;
  readonly report?: { readonly code: string; readonly message: string };
}

/** One server as a process of its own. */
export class ServerProcess {
  constructor(
    readonly child: ChildProcess,
    readonly ready: ServerMessage,
    /** The last that it wrote and logged. */
    readonly complaints: () => string = () => '',
  ) {}

  /** It ended, whoever ended it. */
  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Sends a signal and waits for the end. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const { child } = this;
    if (this.hasEnded) return child.exitCode;
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    child.kill(signal);
    return ended;
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

/** A peer process and its REST interface. */
export class PeerProcess extends ServerProcess {
  constructor(
    server: ServerProcess,
    private readonly token: string,
  ) {
    super(server.child, server.ready, server.complaints);
  }

  async call<T>(method: string, route: string, body?: unknown): Promise<T> {
    const headers = { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' };
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const response = await fetch(`${this.ready.url}/api/v1${route}`, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${route}: ${response.status} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  share(request: ShareRequest): Promise<TorrentView> {
    return this.call('POST', '/shares', request);
  }

  download(request: DownloadRequest): Promise<TorrentView> {
    return this.call('POST', '/downloads', request);
  }

  view(id: string): Promise<TorrentView> {
    return this.call('GET', `/torrents/${id}`);
  }

  status(): Promise<PeerStatus> {
    return this.call('GET', '/peer');
  }

  /** The torrent file of a share or download. */
  async metainfo(id: string): Promise<Buffer> {
    const headers = { authorization: `Bearer ${this.token}` };
    const response = await fetch(`${this.ready.url}/api/v1/torrents/${id}/metainfo`, { headers });
    return Buffer.from(await response.arrayBuffer());
  }

  /** The first view that `condition` accepts. @throws when there is none in WAIT_MAX_MS, with the last one */
  async until(id: string, condition: (view: TorrentView) => boolean): Promise<TorrentView> {
    const deadline = performance.now() + WAIT_MAX_MS;
    for (;;) {
      const view = await this.view(id);
      if (condition(view)) return view;
      if (performance.now() > deadline) throw new Error(`it never came to that: ${JSON.stringify(view)}`);
      await wait(POLL_MS);
    }
  }

  /** @throws with the reason when it fails instead */
  async untilComplete(id: string): Promise<TorrentView> {
    const view = await this.until(id, ({ state }) => state === 'complete' || state === 'failed');
    if (view.state === 'failed') throw new Error(`${view.reason?.code}: ${view.reason?.message}`);
    return view;
  }
}

/** Trackers and peers as real processes, from the built files: on loopback unless a launcher and flags say otherwise. */
export class ProcessCluster {
  readonly #servers: ServerProcess[] = [];
  readonly #trackers: string[] = [];
  readonly #joins: string[] = [];

  /** @param product Folder of the package whose built servers are started. Default: those of this checkout. */
  constructor(
    readonly folder: string,
    private readonly product?: string,
  ) {}

  /** `launcher` is what precedes the command, as `ip netns exec NAME` does. */
  async startTracker(
    name = 't1',
    extra: readonly string[] = [],
    launcher: readonly string[] = [],
  ): Promise<ServerProcess> {
    const joins = this.#joins.flatMap((address) => ['--join', address]);
    const flags = ['--name', name, '--http', '127.0.0.1:0', '--cluster-listen', '127.0.0.1:0', ...joins, ...extra];
    const tracker = await this.#start('tracker', name, flags, launcher);
    this.#servers.push(tracker);
    this.#trackers.push(tracker.ready.rpc as string);
    this.#joins.push(tracker.ready.cluster as string);
    return tracker;
  }

  /** `trackers` are those of this cluster unless others are named. */
  async startPeer(name: string, start: PeerStart = {}): Promise<PeerProcess> {
    const { extra = [], trackers = this.#trackers, launcher = [] } = start;
    const named = trackers.flatMap((tracker) => ['--tracker', tracker]);
    const flags = ['--name', name, '--api', '127.0.0.1:0', ...named, ...extra];
    const server = await this.#start('peer', name, flags, launcher);
    const token = await readFile(path.join(this.folder, name, 'api-token'), 'utf8');
    const peer = new PeerProcess(server, token.trim());
    this.#servers.push(peer);
    return peer;
  }

  /** Peers first: they say goodbye to the trackers. */
  async stop(): Promise<void> {
    for (const kind of [PeerProcess, ServerProcess]) {
      await Promise.all(this.#servers.filter((server) => server instanceof kind).map((server) => server.end()));
    }
  }

  #entry(app: string): string {
    if (this.product === undefined) return fileURLToPath(builtMain(app));
    return path.join(this.product, 'dist/apps', app, 'src/main.js');
  }

  async #start(
    app: string,
    name: string,
    extra: readonly string[],
    launcher: readonly string[],
  ): Promise<ServerProcess> {
    const keyFile = path.join(this.folder, 'cluster.key');
    await mkdir(this.folder, { recursive: true });
    const key = `panal-cluster-key:1:${randomBytes(32).toString('base64url')}\n`;
    await writeFile(keyFile, key, { mode: 0o600, flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    const common = ['--listen', '127.0.0.1:0', '--data', path.join(this.folder, name), '--key-file', keyFile];
    const [execPath = process.execPath, ...words] = launcher;
    const flags = app === 'tracker' ? TRACKER_NODE_FLAGS : [];
    const execArgv = launcher.length > 0 ? [...words, process.execPath, ...flags] : [...flags];
    const child = fork(this.#entry(app), [...common, '--log-level', 'warn', ...extra], {
      execPath,
      execArgv,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    let complaints = '';
    for (const output of [child.stdout, child.stderr]) {
      output?.on('data', (text: Buffer) => {
        complaints = (complaints + text.toString()).slice(-COMPLAINTS_MAX);
      });
    }
    const ready = await new Promise<ServerMessage>((resolve, reject) => {
      child.once('message', (message) => resolve(message as ServerMessage));
      child.once('exit', (code) => reject(new Error(`${name} ended with ${code} before it was ready: ${complaints}`)));
    });
    const server = new ServerProcess(child, ready, () => complaints);
    if (ready.kind === 'failed') {
      await server.end();
      throw new Error(`${name}: ${ready.report?.code}: ${ready.report?.message}`);
    }
    return server;
  }
}

export interface PeerStart {
  readonly extra?: readonly string[];
  readonly trackers?: readonly string[];
  /** What precedes the command, as `ip netns exec NAME` does. Default: nothing. */
  readonly launcher?: readonly string[];
}

/** The built server, seen from the sources (under Jest) as well as from `dist` (a benchmark). */
function builtMain(app: string): URL {
  const isBuilt = import.meta.url.includes('/dist/test/');
  return new URL(`../../${isBuilt ? '' : 'dist/'}apps/${app}/src/main.js`, import.meta.url);
}
