import { HttpStatus, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  accessKeyFrom,
  clusterNameFor,
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
  USUAL_CLUSTER,
} from '@panal/nest';
import { formatAddress, type HostPort, type Logger } from '@panal/runtime';
import { DataFolder } from '@panal/storage-fs';
import type { PeerFile } from '@panal/wire';
import { ApiToken, ApiTokenGuard } from './api/api-token.guard.js';
import type { PeerConfig } from './config.js';
import { RequestInvalidError } from './errors.js';
import { PeerModule } from './peer.module.js';
import { PeerNode } from './peer-node.js';
import { PeerOverview } from './peer-overview.js';

/** A torrent file of some 100,000 files, as base64 in JSON, fits. */
const BODY_BYTES_MAX = 96 * 1024 * 1024;
/** From the first byte of a request to its last: the largest comes from this machine, and in a second. */
const REQUEST_TIMEOUT_MS = 60_000;
const PEER_FILE = 'peer.json';
/** A plugin's failure is no mistake of who asked. */
const STATUS_OF_PLUGINS = { plugin_failed: HttpStatus.BAD_GATEWAY, plugin_timeout: HttpStatus.GATEWAY_TIMEOUT };

/** Starts a peer: its data folder, its data port, its REST interface, in this order. */
export async function startPeer(given: PeerConfig): Promise<RunningServer> {
  const logger = new PinoLogger({ level: given.logLevel, component: 'peer' });
  const key = await accessKeyFrom(given);
  const config = { ...given, cluster: clusterNameFor(key, given.cluster, USUAL_CLUSTER) };
  const folder = await DataFolder.open(config.dataFolder, { random: new SystemRandom() });
  const plugins = await openPeerPlugins(config, logger).catch(async (error: unknown) => {
    await folder.close();
    throw error;
  });
  const node = new PeerNode({ config, key, folder, logger, plugins });
  try {
    await node.start();
    const app = await startApi({ config, node, folder, logger, plugins });
    return await announceStart({ config, node, folder, logger, plugins }, app);
  } catch (error) {
    await node.stop();
    await plugins?.close();
    await folder.close();
    throw error;
  }
}

function openPeerPlugins({ name, plugins, pluginFolder }: PeerConfig, logger: Logger) {
  const ports = { clock: new SystemClock(), timers: new SystemTimers(), random: new SystemRandom(), logger };
  return openPlugins({ server: 'peer', serverName: name, packages: plugins, folder: pluginFolder, ports });
}

interface ApiOptions {
  readonly config: PeerConfig;
  readonly node: PeerNode;
  readonly folder: DataFolder;
  readonly logger: Logger;
  readonly plugins: PluginHost | undefined;
}

async function startApi({ config, node, folder, logger, plugins }: ApiOptions): Promise<NestFastifyApplication> {
  const { catalog, trackers, clock, startedAtMs, dataAddress } = node;
  const { name, cluster, labels } = config;
  const { peerId } = node.access;
  const facts = { name, peerId, cluster, labels, version: RELEASE, startedAtMs, dataAddress };
  const overview = new PeerOverview(facts, catalog, trackers, clock);
  const token = new ApiToken(await folder.apiToken());
  const module = PeerModule.register({ node, overview, token, plugins });
  // Closed by force: else one slow client holds up the stop until it is cut off, with nothing told to the trackers.
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true,
  });
  const options = { logger: new NestLogger(logger), abortOnError: false };
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, options);
  plugins?.enter(app, new ApiTokenGuard(token));
  app.useGlobalFilters(new HttpErrorFilter({ logger, statusByCode: STATUS_OF_PLUGINS }));
  app.useGlobalPipes(
    new ValidationPipe({
      whitelist: true,
      forbidNonWhitelisted: true,
      exceptionFactory: (errors) => {
        const faults = errors.flatMap(({ constraints }) => Object.values(constraints ?? {}));
        return new RequestInvalidError(
          `The request is wrong: ${faults.join('; ')}.`,
          'Correct these fields and send it again.',
        );
      },
    }),
  );
  try {
    await app.listen(config.api.port, config.api.host);
    return app;
  } catch (error) {
    await app.close();
    throw httpListenError(error, config.api, '--api');
  }
}

async function announceStart(
  { config, node, folder, logger, plugins }: ApiOptions,
  app: NestFastifyApplication,
): Promise<RunningServer> {
  const url = `http://${formatAddress(apiAddress(app, config.api))}`;
  const data = formatAddress(node.dataAddress);
  const { name } = config;
  const peerFile: PeerFile = { pid: process.pid, url, name, dataAddress: data };
  await folder.writeJson(PEER_FILE, peerFile);
  return {
    addresses: { data, url, name },
    logger,
    contains: (error) => plugins?.contains(error) === true,
    close: async () => {
      await folder.remove(PEER_FILE);
      await app.close();
      await node.stop();
      await plugins?.close();
      await folder.close();
    },
  };
}

function apiAddress(app: NestFastifyApplication, { host }: HostPort): HostPort {
  const address: unknown = app.getHttpServer().address();
  const { port } = address as { port: number };
  return { host: host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host, port };
}
