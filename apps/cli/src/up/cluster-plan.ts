import path from 'node:path';
import type { ServerRole } from '../installation.js';
import type { PortChooser } from '../servers/free-port.js';

/** Where the search for a free port starts: own protocol, then web. */
const USUAL_PORTS: Record<ServerRole, readonly [own: number, web: number]> = {
  tracker: [5555, 5556],
  peer: [5550, 5580],
};

/** Tracker to tracker. */
const USUAL_CLUSTER_PORT = 5560;

/** One server that `panal up` is going to start. */
export interface ServerPlan {
  readonly role: ServerRole;
  /** `t1`, `p2`. */
  readonly name: string;
  /** Of its own protocol: RPC for a tracker, data for a peer. */
  readonly port: number;
  /** Of health and metrics, and for a peer its REST interface. */
  readonly webPort: number;
  /** Of a tracker: where the others reach it. */
  readonly clusterPort: number | undefined;
  /** The user named `port`, so no other will do. */
  readonly isPortNamed: boolean;
  readonly dataDir: string;
  readonly logFile: string;
}

/** How many of each role, and the port the user named for the first of them; the next ones follow it. */
export type ClusterShape = Readonly<Record<ServerRole, { readonly count: number; readonly port?: number }>>;

/**
 * Names, ports and folders of a cluster.
 * @throws ClusterError when a port that the user named is taken.
 */
export async function planCluster(
  ports: PortChooser,
  folder: string,
  shape: ClusterShape,
): Promise<readonly ServerPlan[]> {
  const roles: readonly ServerRole[] = ['tracker', 'peer'];
  const names = roles.flatMap((role) => Array.from({ length: shape[role].count }, (_, index) => ({ role, index })));
  // Those the user named come first, so that no other server gets one as "the next free".
  const named = new Map<string, number>();
  for (const { role, index } of names) {
    const first = shape[role].port;
    if (first !== undefined) named.set(`${role}${index}`, await ports.exactly(first + index, `--${role}-port`));
  }
  const plans: ServerPlan[] = [];
  for (const { role, index } of names) {
    const [usualPort, usualWebPort] = USUAL_PORTS[role];
    const name = `${role[0]}${index + 1}`;
    const port = named.get(`${role}${index}`);
    plans.push({
      role,
      name,
      port: port ?? (await ports.next(usualPort)),
      webPort: await ports.next(usualWebPort),
      clusterPort: role === 'tracker' ? await ports.next(USUAL_CLUSTER_PORT) : undefined,
      isPortNamed: port !== undefined,
      dataDir: path.join(folder, name),
      logFile: path.join(folder, 'logs', `${name}.log`),
    });
  }
  return plans;
}

/** The same server on other ports, after another process took one of them between the look and the bind. */
export async function withOtherPorts(ports: PortChooser, plan: ServerPlan): Promise<ServerPlan> {
  return {
    ...plan,
    port: plan.isPortNamed ? plan.port : await ports.next(plan.port),
    webPort: await ports.next(plan.webPort),
    clusterPort: plan.clusterPort === undefined ? undefined : await ports.next(plan.clusterPort),
  };
}
