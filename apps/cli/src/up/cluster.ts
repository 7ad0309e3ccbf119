import { TRACKER_NODE_FLAGS } from '@panal/runtime';
import { ServerStartError } from '../errors.js';
import type { Installation } from '../installation.js';
import { PORT_RETRIES_MAX } from '../limits.js';
import { LOOPBACK, type PortChooser } from '../servers/free-port.js';
import { type ServerPlan, withOtherPorts } from './cluster-plan.js';
import type { ServerRecord } from './cluster-record.js';
import { ensurePeerKeys } from './peer-keys.js';
import { SupervisedServer, type SupervisionEvents } from './supervised-server.js';

export interface ClusterOptions {
  readonly installation: Installation;
  readonly clusterName: string;
  /** Of the cluster, for trackers. */
  readonly keyFile: string;
  /** Of a peer; made once the trackers are up. */
  readonly keyFileOf: (peer: string) => string;
  /** Flags that all servers get. */
  readonly commonArgs: readonly string[];
  /** Without Panal's own variables: what the user set for one server must not reach six. */
  readonly environment: NodeJS.ProcessEnv;
  readonly ports: PortChooser;
  readonly events: SupervisionEvents;
}

/** A tracker answers health and metrics there, a peer its whole REST interface. */
const WEB_FLAGS = { tracker: '--http', peer: '--api' } as const;

interface Member {
  readonly plan: ServerPlan;
  readonly server: SupervisedServer;
}

/** The trackers and peers of `panal up`, as children of this process. */
export class Cluster {
  #trackers: readonly Member[] = [];
  #peers: readonly Member[] = [];
  readonly #started = new Set<SupervisedServer>();

  constructor(private readonly options: ClusterOptions) {}

  get trackers(): readonly ServerRecord[] {
    return this.#trackers.map(recordOf);
  }

  get peers(): readonly ServerRecord[] {
    return this.#peers.map(recordOf);
  }

  /** Starts the trackers, then the peers. When one does not come up, stops what did and throws. */
  async start(plans: readonly ServerPlan[], signal: AbortSignal): Promise<void> {
    try {
      // Each is told of all, so that whoever comes up first, and whoever comes back, they are one cluster.
      const clusterPorts = plans.flatMap(({ clusterPort }) => (clusterPort === undefined ? [] : [clusterPort]));
      const joinArgs = clusterPorts.flatMap((port) => ['--join', `${LOOPBACK}:${port}`]);
      this.#trackers = await this.#startAll(plans, 'tracker', joinArgs, signal);
      await this.#makeKeys(plans);
      const trackerArgs = this.trackers.flatMap(({ address }) => ['--tracker', address]);
      this.#peers = await this.#startAll(plans, 'peer', trackerArgs, signal);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Stops the peers, which deregister, then the trackers. @returns Names of those that had to be killed. */
  async stop(): Promise<readonly string[]> {
    const isTracker = (server: SupervisedServer): boolean => server.name.startsWith('t');
    const servers = [...this.#started];
    return [
      ...(await stopAll(servers.filter((server) => !isTracker(server)))),
      ...(await stopAll(servers.filter(isTracker))),
    ];
  }

  /** Each peer has a key of its own, as peers on machines of their own would. */
  async #makeKeys(plans: readonly ServerPlan[]): Promise<void> {
    const { keyFile, keyFileOf, clusterName } = this.options;
    const peers = plans.filter(({ role }) => role === 'peer').map(({ name }) => ({ name, file: keyFileOf(name) }));
    const trackers = this.trackers.map(({ address }) => address);
    await ensurePeerKeys({ keyFile, cluster: clusterName, trackers, peers });
  }

  async #startAll(
    plans: readonly ServerPlan[],
    role: ServerPlan['role'],
    args: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly Member[]> {
    // All of them are waited for, also when one fails: a start that is still under way could not be stopped.
    const starts = await Promise.allSettled(
      plans.filter((plan) => plan.role === role).map((plan) => this.#startOne(plan, args, signal)),
    );
    return starts.map((start) => {
      if (start.status === 'rejected') throw start.reason as Error;
      return start.value;
    });
  }

  async #startOne(first: ServerPlan, args: readonly string[], signal: AbortSignal): Promise<Member> {
    let plan = first;
    for (let attempt = 1; ; attempt += 1) {
      const server = new SupervisedServer(this.#processOptions(plan, args), this.options.events);
      this.#started.add(server);
      try {
        await server.start(signal);
        return { plan, server };
      } catch (error) {
        this.#started.delete(server);
        if (plan.isPortNamed || attempt > PORT_RETRIES_MAX || !isPortTaken(error)) throw error;
        plan = await withOtherPorts(this.options.ports, plan);
      }
    }
  }

  #processOptions(plan: ServerPlan, args: readonly string[]) {
    const { installation, clusterName, keyFile, keyFileOf, commonArgs, environment } = this.options;
    const flags = {
      '--name': plan.name,
      '--cluster': clusterName,
      '--key-file': plan.role === 'tracker' ? keyFile : keyFileOf(plan.name),
      '--data': plan.dataDir,
      '--listen': `${LOOPBACK}:${plan.port}`,
      [WEB_FLAGS[plan.role]]: `${LOOPBACK}:${plan.webPort}`,
      ...(plan.clusterPort === undefined ? {} : { '--cluster-listen': `${LOOPBACK}:${plan.clusterPort}` }),
    };
    return {
      name: plan.name,
      entry: installation.serverEntry(plan.role),
      nodeFlags: plan.role === 'tracker' ? TRACKER_NODE_FLAGS : [],
      args: [...Object.entries(flags).flat(), ...commonArgs, ...args],
      logFile: plan.logFile,
      environment,
    };
  }
}

function recordOf({ plan, server }: Member): ServerRecord {
  const { ready, pid } = server;
  return {
    name: plan.name,
    pid,
    address: ready.rpc ?? ready.data ?? `${LOOPBACK}:${plan.port}`,
    url: ready.url.replace(/\/$/, ''),
    dataDir: plan.dataDir,
    logFile: plan.logFile,
  };
}

function isPortTaken(error: unknown): boolean {
  return error instanceof ServerStartError && error.code === 'port_taken';
}

async function stopAll(servers: readonly SupervisedServer[]): Promise<readonly string[]> {
  const ends = await Promise.all(servers.map(async (server) => ({ name: server.name, end: await server.stop() })));
  return ends.filter(({ end }) => end === 'killed').map(({ name }) => name);
}
