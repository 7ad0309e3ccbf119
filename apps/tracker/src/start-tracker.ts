import type { Server as NetServer } from 'node:net';
import { NestFactory } from '@nestjs/core';
import type { CustomStrategy } from '@nestjs/microservices';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type ClusterKeyring, TicketOffice, TrackerCredentials } from '@panal/access';
import {
  clusterKeyringFrom,
  HttpErrorFilter,
  httpListenError,
  NestLogger,
  openPlugins,
  PinoLogger,
  type PluginHost,
  RELEASE,
  type RunningServer,
  SystemClock,
  SystemRandom,
  SystemTimers,
} from '@panal/nest';
import { formatAddress, type HostPort, type Logger } from '@panal/runtime';
import { DataFolder } from '@panal/storage-fs';
import { ENTRY_LIVES_OF_PEER, NearFirstHandoutPolicy, TrackerTable, Tracking } from '@panal/tracking';
import { DtoPipe, type RpcPorts, TcpRpcServer } from '@panal/transport-tcp';
import { HybridClock, versionsUpTo } from '@panal/wire';
import { RevocationNotices } from './access/revocation-notices.js';
import { ClusterPresence } from './cluster/cluster-presence.js';
import { ClusterReplicas } from './cluster/cluster-replicas.js';
import { openCluster } from './cluster/open-cluster.js';
import { digestSeed, lifetimes, rpcAddress } from './cluster/tracker-profile.js';
import type { TrackerConfig } from './config.js';
import { Failure } from './failure.js';
import { HTTP_BODY_SIZE_BYTES_MAX, HTTP_REQUEST_TIMEOUT_MS, SETTLE_TIMEOUT_MS } from './limits.js';
import { NetDialback } from './net-dialback.js';
import { PeersController } from './peers.controller.js';
import { RefusalFilter } from './refusal.filter.js';
import { TrackerModule } from './tracker.module.js';
import { TrackerMetrics } from './tracker-metrics.js';
import { makeTrackerSelf } from './tracker-self.js';

/** What a tracker takes from the world; tests give it a clock they can move. */
export interface TrackerWorld {
  readonly ports: RpcPorts;
  readonly logger: Logger;
}

/** Starts a tracker. What was begun is undone when a step fails. @throws PanalError: why it cannot run */
export async function startTracker(config: TrackerConfig, world = systemWorld(config)): Promise<RunningServer> {
  const { logger, ports } = world;
  const ring = await clusterKeyringFrom(config);
  const undo: (() => Promise<unknown>)[] = [];
  try {
    const folder = config.data === undefined ? undefined : await DataFolder.open(config.data, { random: ports.random });
    if (folder !== undefined) undo.unshift(() => folder.close());
    const id = (folder?.id ?? ports.random.bytes(16)).toString('hex');
    const plugins = await openPlugins({
      server: 'tracker',
      serverName: config.name,
      packages: config.plugins,
      folder: config.pluginFolder,
      ports: { ...ports, logger },
    });
    if (plugins !== undefined) undo.unshift(() => plugins.close());
    const knowledge = makeKnowledge(config, { id, ring, world, plugins });
    const { table, replicas, tracking, lifeMs } = knowledge;
    const rpc = makeRpcServer(config, new TrackerCredentials({ ring, keys: tracking.keys, clock: ports.clock }), world);
    // Before its connections are dropped: whose key it is hears of it, too.
    const notices = new RevocationNotices({ keys: tracking.keys, timers: ports.timers });
    undo.unshift(async () => notices.stop());
    tracking.keys.onRevoked((keyId) => rpc.dropKey(keyId));
    const office = new TicketOffice({ cluster: config.cluster, ring, clock: ports.clock });
    const presence = new ClusterPresence();
    const app = await makeApp(config, { id, rpc, tracking, presence, office, notices, world, plugins });
    undo.unshift(() => app.close());
    // RPC first: when a second tracker is started by mistake, the error is about the port the user thinks of.
    await app.startAllMicroservices();
    await listenHttp(app, config.http);
    const failure = new Failure();
    const cluster = await openCluster({
      config,
      id,
      table,
      lifeMs,
      ports,
      logger,
      ring,
      folder,
      rpc: rpcAddress(config, rpc.port),
      onFatal: (error) => failure.note(error),
    });
    undo.unshift(() => cluster.close());
    replicas.attach(cluster);
    presence.enter(cluster);
    await cluster.begin((question) => tracking.answer(question));
    await presence.settle(SETTLE_TIMEOUT_MS);
    const addresses = {
      name: config.name,
      rpc: formatAddress(rpcAddress(config, rpc.port)),
      cluster: formatAddress(cluster.address),
      url: await httpUrl(app),
    };
    logger.info('Tracker started', { id, cluster: config.cluster, keyFingerprint: ring.key.fingerprint });
    return {
      addresses,
      logger,
      failed: failure.happened,
      contains: (error) => plugins?.contains(error) === true,
      close: () => undoAll(undo),
    };
  } catch (error) {
    await undoAll(undo);
    throw error;
  }
}

function systemWorld({ logLevel }: TrackerConfig): TrackerWorld {
  return {
    ports: {
      clock: new SystemClock(),
      timers: new SystemTimers(),
      random: new SystemRandom(),
      hybridClock: new HybridClock(),
    },
    logger: new PinoLogger({ level: logLevel, component: 'tracker' }),
  };
}

function makeRpcServer(
  config: TrackerConfig,
  secret: TrackerCredentials,
  { ports, logger }: TrackerWorld,
): TcpRpcServer {
  const { listen, cluster, name, protocolMax } = config;
  const versions = versionsUpTo(protocolMax);
  const identity = { role: 'tracker', cluster, principal: `tracker:${name}` } as const;
  return new TcpRpcServer({ listen, identity, secret, ports, logger, versions });
}

interface KnowledgeParts {
  readonly id: string;
  readonly ring: ClusterKeyring;
  readonly world: TrackerWorld;
  readonly plugins: PluginHost | undefined;
}

/** What this tracker knows, and how it asks and tells the others. */
function makeKnowledge(config: TrackerConfig, { id, ring, world, plugins }: KnowledgeParts) {
  const { clock, random, hybridClock } = world.ports;
  const lifeMs = config.peerTtlMs * ENTRY_LIVES_OF_PEER;
  const table = new TrackerTable({ seed: digestSeed(ring.origin.digestSeed), lives: lifetimes(lifeMs), random });
  const replicas = new ClusterReplicas(id, { clock, hybridClock });
  const { peerTtlMs } = config;
  const dialback = new NetDialback();
  const handoutPolicy = plugins?.handoutPolicy(new NearFirstHandoutPolicy());
  const tracking = new Tracking({
    clock,
    hybridClock,
    random,
    dialback,
    table,
    replicas,
    ring,
    peerTtlMs,
    ...(handoutPolicy === undefined ? {} : { handoutPolicy }),
  });
  return { table, replicas, tracking, lifeMs };
}

interface AppParts {
  readonly id: string;
  readonly rpc: TcpRpcServer;
  readonly tracking: Tracking;
  readonly presence: ClusterPresence;
  readonly office: TicketOffice;
  readonly notices: RevocationNotices;
  readonly world: TrackerWorld;
  readonly plugins: PluginHost | undefined;
}

async function makeApp(
  { name }: TrackerConfig,
  { id, rpc, tracking, presence, office, notices, world: { ports, logger }, plugins }: AppParts,
): Promise<NestFastifyApplication> {
  const { clock, random } = ports;
  const self = makeTrackerSelf({ id, name, version: RELEASE }, clock);
  const whyNotReady = () => (rpc.unwrap<NetServer>().listening ? undefined : 'The RPC port is not open.');
  const checks = [
    { name: 'rpc', whyNotReady },
    { name: 'cluster', whyNotReady: () => presence.whyNotReady() },
  ];
  const module = TrackerModule.register(
    { tracking, presence, office, notices, rpc, self, logger, random },
    { checks, plugins },
  );
  const http = new FastifyAdapter({
    bodyLimit: HTTP_BODY_SIZE_BYTES_MAX,
    requestTimeout: HTTP_REQUEST_TIMEOUT_MS,
    forceCloseConnections: true,
  });
  const options = { logger: new NestLogger(logger), abortOnError: false };
  const app = await NestFactory.create<NestFastifyApplication>(module, http, options);
  plugins?.enter(app);
  app.useGlobalFilters(new HttpErrorFilter({ logger }));
  // Deferred: else Nest takes the pipes and filters of the next line for no one.
  const microservice = app.connectMicroservice<CustomStrategy>({ strategy: rpc }, { deferInitialization: true });
  microservice.useGlobalPipes(new DtoPipe()).useGlobalFilters(new RefusalFilter(app.get(TrackerMetrics), logger));
  rpc.callDirectly(microservice, app.get(PeersController));
  return app;
}

async function listenHttp(app: NestFastifyApplication, { host, port }: HostPort): Promise<void> {
  try {
    await app.listen(port, host);
  } catch (error) {
    throw httpListenError(error, { host, port }, '--http');
  }
}

async function httpUrl(app: NestFastifyApplication): Promise<string> {
  const url = new URL(await app.getUrl());
  url.hostname = dialable(url.hostname);
  return url.origin;
}

/** Listening everywhere is no address to dial; on this machine loopback is. */
function dialable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' || host === '[::]' ? '::1' : host;
}

/** The last thing begun is undone first; one failure does not keep the rest from being undone. */
async function undoAll(undo: readonly (() => Promise<unknown>)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const step of undo) await step().catch((error: unknown) => errors.push(error));
  if (errors.length > 0) throw errors[0];
}
