import type { Server as NetServer } from 'node:net';
import { NestFactory } from '@nestjs/core';
import type { CustomStrategy } from '@nestjs/microservices';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  clusterKeyFrom,
  HttpErrorFilter,
  httpListenError,
  NestLogger,
  PinoLogger,
  RELEASE,
  type RunningServer,
  SystemClock,
  SystemRandom,
  SystemTimers,
} from '@panal/nest';
import { formatAddress, type HostPort, type Logger } from '@panal/runtime';
import { DataFolder } from '@panal/storage-fs';
import { Tracking } from '@panal/tracking';
import { DtoPipe, type RpcPorts, TcpRpcServer } from '@panal/transport-tcp';
import { HybridClock } from '@panal/wire';
import type { TrackerConfig } from './config.js';
import { HTTP_BODY_SIZE_BYTES_MAX, HTTP_REQUEST_TIMEOUT_MS } from './limits.js';
import { NetDialback } from './net-dialback.js';
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
  const { logger } = world;
  const key = await clusterKeyFrom(config.keyFile, logger);
  const undo: (() => Promise<unknown>)[] = [];
  try {
    const { random } = world.ports;
    const folder = config.data === undefined ? undefined : await DataFolder.open(config.data, { random });
    if (folder !== undefined) undo.unshift(() => folder.close());
    const id = (folder?.id ?? random.bytes(16)).toString('hex');
    const rpc = makeRpcServer(config, key.secret, world);
    const app = await makeApp(config, { id, rpc, world });
    undo.unshift(() => app.close());
    // RPC first: when a second tracker is started by mistake, the error is about the port the user thinks of.
    await app.startAllMicroservices();
    await listenHttp(app, config.http);
    const addresses = { name: config.name, rpc: rpcAddress(config, rpc), url: await httpUrl(app) };
    logger.info('Tracker started', { id, cluster: config.cluster, keyFingerprint: key.fingerprint });
    if (config.trackers.length > 0) {
      logger.warn('Trackers do not talk to each other in this release: peers announce to each of them', {
        trackers: config.trackers.map(formatAddress),
      });
    }
    return { addresses, logger, close: () => undoAll(undo) };
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

function makeRpcServer({ listen, cluster, name }: TrackerConfig, secret: Buffer, world: TrackerWorld): TcpRpcServer {
  const identity = { role: 'tracker', cluster, principal: `tracker:${name}` } as const;
  return new TcpRpcServer({ listen, identity, secret, ports: world.ports, logger: world.logger });
}

async function makeApp(
  { name, peerTtlMs }: TrackerConfig,
  { id, rpc, world: { ports, logger } }: { id: string; rpc: TcpRpcServer; world: TrackerWorld },
): Promise<NestFastifyApplication> {
  const { clock, random, hybridClock } = ports;
  const tracking = new Tracking({ clock, hybridClock, random, dialback: new NetDialback(), peerTtlMs });
  const self = makeTrackerSelf({ id, name, version: RELEASE }, clock);
  const whyNotReady = () => (rpc.unwrap<NetServer>().listening ? undefined : 'The RPC port is not open.');
  const module = TrackerModule.register({ tracking, self, logger, random }, [{ name: 'rpc', whyNotReady }]);
  const http = new FastifyAdapter({
    bodyLimit: HTTP_BODY_SIZE_BYTES_MAX,
    requestTimeout: HTTP_REQUEST_TIMEOUT_MS,
    forceCloseConnections: true,
  });
  const options = { logger: new NestLogger(logger), abortOnError: false };
  const app = await NestFactory.create<NestFastifyApplication>(module, http, options);
  app.useGlobalFilters(new HttpErrorFilter({ logger }));
  // Deferred: else Nest takes the pipes and filters of the next line for no one.
  const microservice = app.connectMicroservice<CustomStrategy>({ strategy: rpc }, { deferInitialization: true });
  microservice.useGlobalPipes(new DtoPipe()).useGlobalFilters(new RefusalFilter(app.get(TrackerMetrics), logger));
  return app;
}

async function listenHttp(app: NestFastifyApplication, { host, port }: HostPort): Promise<void> {
  try {
    await app.listen(port, host);
  } catch (error) {
    throw httpListenError(error, { host, port }, '--http');
  }
}

/** Where to tell others that the tracker is: as advertised, else as it listens. */
function rpcAddress({ advertise, listen }: TrackerConfig, rpc: TcpRpcServer): string {
  const [advertised] = advertise;
  return formatAddress(advertised ?? { host: dialable(listen.host), port: rpc.port });
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
