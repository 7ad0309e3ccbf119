import type { ClusterKeyring } from '@panal/access';
import { ClusterNode, type ReplicaTable } from '@panal/cluster';
import type { HostPort, Logger, PanalError } from '@panal/runtime';
import type { DataFolder } from '@panal/storage-fs';
import { RecordLog } from '@panal/storage-lmdb';
import { type Question, readQuestion } from '@panal/tracking';
import { ClusterDiscovery, type RpcPorts, TcpClusterLinks } from '@panal/transport-tcp';
import { versionsUpTo } from '@panal/wire';
import type { TrackerConfig } from '../config.js';
import { FolderStaleError, TrackerNotReadyError } from '../errors.js';
import { RECORDS_FOLDER } from '../limits.js';
import { ASK } from './cluster-replicas.js';
import { ClusterRuntime } from './cluster-runtime.js';
import { Fence } from './fence.js';
import { LateListener } from './late-listener.js';
import { Orders } from './orders.js';
import { ForgetfulKeeper, type RecordKeeper } from './record-keeper.js';
import { Snapshots } from './snapshots.js';
import { lifetimes, reachableAt } from './tracker-profile.js';

export interface ClusterParts {
  readonly config: TrackerConfig;
  /** 32 hex digits. */
  readonly id: string;
  readonly ring: ClusterKeyring;
  /** Where records are kept, and copies of them; undefined: nowhere. */
  readonly folder: DataFolder | undefined;
  readonly table: ReplicaTable;
  /** Longest time a soft record is served, ms. */
  readonly lifeMs: number;
  /** Where clients reach this tracker. */
  readonly rpc: HostPort;
  readonly ports: RpcPorts;
  readonly logger: Logger;
  readonly onFatal: (error: PanalError) => void;
}

/** This tracker's part of the cluster, running. */
export interface OpenCluster {
  /** Tells clusters apart that have one name. */
  readonly clusterId: string;
  readonly table: ReplicaTable;
  readonly node: ClusterNode;
  readonly runtime: ClusterRuntime;
  readonly links: TcpClusterLinks;
  readonly log: RecordLog | undefined;
  readonly orders: Orders;
  /** Where other trackers reach this one. */
  readonly address: HostPort;
  /** From now on questions of other trackers are answered, and others are looked for. */
  begin(answer: (question: Question) => unknown): Promise<void>;
  /** Every second. */
  beat(): void;
  close(): Promise<void>;
}

/**
 * Opens what this tracker keeps, reads it into the table, and listens for other trackers.
 * @throws PanalError: the folder belongs to another cluster, is too old or too new, or a port is taken
 */
export async function openCluster(parts: ClusterParts): Promise<OpenCluster> {
  const { config, id, ring, ports, logger, table } = parts;
  const persisted = new LateListener<number>();
  const log = await openLog(parts, (upTo) => persisted.tell(upTo));
  try {
    const known = await restore(parts, log);
    const versions = versionsUpTo(config.protocolMax);
    const startedAt = ports.hybridClock.tick(ports.clock.nowMs());
    // Two starts with one stamp would be one process to the others.
    await log?.keep(startedAt);
    // The links need somebody to deliver to before there is a node, whose address is known only once the links listen.
    const late: { runtime?: ClusterRuntime; answer?: (question: Question) => unknown } = {};
    const links = new TcpClusterLinks({
      self: { id, startedAt },
      identity: { role: 'tracker', cluster: config.cluster, principal: `tracker:${config.name}` },
      secret: ring,
      protocol: versions,
      ports,
      logger,
      handlers: {
        onMessage: (from, message) => late.runtime?.onMessage(from, message),
        onDatagram: (from, message) => late.runtime?.onDatagram(from, message),
        onRequest: async (_, pattern, data) => {
          if (pattern !== ASK || late.answer === undefined) throw new TrackerNotReadyError();
          return late.answer(readQuestion(data));
        },
      },
    });
    const listening = await links.listen(config.clusterListen);
    const address = reachableAt(listening, config.clusterAdvertise);
    const { name, zone, weight } = config;
    const { fence, isCordoned } = log?.restored.orders ?? { fence: 0, isCordoned: false };
    const cordon = isCordoned ? { isCordoned } : {};
    const node = new ClusterNode({
      self: { id, name, startedAt, rpc: parts.rpc, cluster: address, zone, weight, protocol: versions.max, ...cordon },
      ...ports,
      table,
      config: {
        clusterName: config.cluster,
        protocols: versions,
        seeds: config.join,
        knownAddresses: known,
        replication: { policy: config.writes, lives: lifetimes(parts.lifeMs) },
      },
    });
    const keeper: RecordKeeper = log ?? new ForgetfulKeeper((upTo) => persisted.tell(upTo));
    const runtime = new ClusterRuntime({ node, keeper, logger, onView, onFatal: parts.onFatal });
    runtime.links = links;
    late.runtime = runtime;
    persisted.listen((upTo) => runtime.onPersisted(upTo));
    const discovery = new ClusterDiscovery({
      seeds: config.join,
      known,
      timers: ports.timers,
      logger,
      onFound: (addresses) => runtime.step({ kind: 'seeds', addresses }),
      onKnown: (addresses) => keeper.keepMembers(addresses),
    });
    function onView(): void {
      const others = node.view.members.filter((member) => member.id !== id);
      links.setMembers(others);
      discovery.setMembers(others.map(({ cluster }) => cluster));
    }
    const orders = new Orders({
      node,
      runtime,
      keeper,
      fence: new Fence(fence, (token) => keeper.keepOrders({ fence: token })),
      snapshots: parts.folder && log && new Snapshots(parts.folder, log),
    });
    const lastClock = (): number => ports.hybridClock.last;
    return {
      node,
      runtime,
      links,
      log,
      orders,
      address,
      table,
      clusterId: `${config.cluster}-${ring.origin.fingerprint}`,
      begin: async (answer) => {
        late.answer = answer;
        await discovery.start();
      },
      beat: () => keeper.beat(lastClock()),
      close: async () => {
        await discovery.close();
        await links.close();
        await keeper.close(lastClock());
      },
    };
  } catch (error) {
    await log?.close(ports.hybridClock.last);
    throw error;
  }
}

async function openLog(
  { folder, id, config, ring, lifeMs, table, ports, logger }: ClusterParts,
  onPersisted: (upTo: number) => void,
): Promise<RecordLog | undefined> {
  if (folder === undefined) return undefined;
  const identity = { trackerId: id, clusterName: config.cluster, clusterFingerprint: ring.origin.fingerprint };
  const { clock, timers } = ports;
  return RecordLog.open(folder.pathOf(RECORDS_FOLDER), {
    identity,
    clock,
    timers,
    logger,
    onPersisted,
    lives: lifetimes(lifeMs),
    source: table,
  });
}

/** Reads what was kept into the table. @returns Where the others were. @throws FolderStaleError */
async function restore(
  { folder, config, table, ports, logger }: ClusterParts,
  log: RecordLog | undefined,
): Promise<readonly HostPort[]> {
  if (log === undefined || folder === undefined) return [];
  const { clock, lastAliveMs, members } = log.restored;
  const nowMs = ports.clock.nowMs();
  if (!config.acceptStale && log.isStale(nowMs))
    throw new FolderStaleError(folder.path, nowMs - (lastAliveMs ?? nowMs));
  ports.hybridClock.resume(clock);
  const { recordCount, elapsedMs } = await log.load((record) => void table.apply(record, nowMs));
  logger.info('Records restored', { recordCount, elapsedMs: Math.round(elapsedMs) });
  return members;
}
