import type { AccessKey } from '@panal/access';
import { type PluginHost, SystemClock, SystemRandom, SystemTimers } from '@panal/nest';
import type { HostPort, Logger } from '@panal/runtime';
import { type DataFolder, HashWorker } from '@panal/storage-fs';
import { CHUNK_SCHEDULERS } from '@panal/transfer';
import {
  BlockSlots,
  DataDialer,
  DataServer,
  DialedConnections,
  DOWNLOAD_SLOTS_MAX,
  MetadataDialer,
  TcpRpcClient,
  TrackerSet,
} from '@panal/transport-tcp';
import { BLOCK_BYTES_MAX, HybridClock, type PeerIdentity, type TicketReply, type TicketRequest } from '@panal/wire';
import { PeerAccess } from './access/peer-access.js';
import type { PeerConfig } from './config.js';
import { HashingTurns } from './hashing-turns.js';
import { HASHING_MAX } from './peer-limits.js';
import { ContentShelf } from './torrents/content-shelf.js';
import { TorrentCatalog } from './torrents/torrent-catalog.js';
import { TorrentRecords } from './torrents/torrent-records.js';
import { TrackerAgent } from './tracking/tracker-agent.js';
import { TrackerMemory } from './tracking/tracker-memory.js';

export interface PeerNodeOptions {
  readonly config: PeerConfig;
  readonly key: AccessKey;
  readonly folder: DataFolder;
  readonly logger: Logger;
  readonly plugins: PluginHost | undefined;
}

/** The peer without its REST interface: the data port, the trackers, and what is shared and downloaded. */
export class PeerNode {
  readonly clock = new SystemClock();
  readonly startedAtMs = this.clock.nowMs();
  readonly trackers: TrackerAgent;
  readonly catalog: TorrentCatalog;
  readonly dataServer: DataServer;
  readonly access: PeerAccess;
  readonly #hashWorker: HashWorker;
  readonly #trackerMemory: TrackerMemory;
  #dataAddress: HostPort;

  constructor(private readonly options: PeerNodeOptions) {
    const { config, key, folder, logger, plugins } = options;
    const { clock } = this;
    const timers = new SystemTimers();
    const random = new SystemRandom();
    const hybridClock = new HybridClock();
    const { name, cluster } = config;
    const ask = (request: TicketRequest): Promise<TicketReply> => trackers.ticket(request);
    const access = new PeerAccess({ key, cluster, name, clock, timers, random, logger, folderId: folder.id, ask });
    this.access = access;
    const { identity, peerId } = access;
    const connections = new DialedConnections();
    const door = { identity, secret: access.toPeers, random, timers };
    const shelf = new ContentShelf(config.name);
    this.#dataAddress = config.listen;
    this.dataServer = new DataServer({ ...door, logger, directory: shelf, clock });
    access.revocations.onRevoked((keyId) => {
      for (const side of [this.dataServer, connections]) {
        if (access.isRevoked) side.dropAll();
        else side.dropKey(keyId);
      }
    });
    const rpc = { identity, secret: access.toTrackers, logger, ports: { clock, timers, random, hybridClock } };
    const memory = new TrackerMemory(folder, config.cluster, logger);
    this.#trackerMemory = memory;
    const trackers = new TrackerSet({
      addresses: config.trackers,
      clock,
      timers,
      random,
      makeClient: (address) => new TcpRpcClient({ ...rpc, address }),
      onMembers: (addresses) => void memory.keep(addresses),
      onNotice: ({ revoked }) => access.tickets.learn(revoked),
    });
    this.trackers = new TrackerAgent({
      trackers,
      identity: () => this.#describe(),
      timers,
      random,
      logger,
      onSession: () => access.tickets.wake(),
      onRevoked: (keyIds) => access.tickets.learn(keyIds),
    });
    const dialing = {
      ...door,
      connections,
      slots: new BlockSlots(BLOCK_BYTES_MAX, DOWNLOAD_SLOTS_MAX),
      prepare: (signal: AbortSignal) => access.prepare(signal),
      peerId,
      peerName: config.name,
      dataPort: () => this.#dataAddress.port,
    };
    const metadata = new MetadataDialer(dialing);
    const hashing = new HashingTurns(HASHING_MAX);
    this.#hashWorker = new HashWorker((error) =>
      logger.error('The hash worker failed; hashing goes on without it', { error }),
    );
    const ports = {
      clock,
      timers,
      random,
      logger,
      shelf,
      trackers: this.trackers,
      records: new TorrentRecords(folder),
      peerId,
      ownAddress: () => reachable(this.#dataAddress),
      rootOf: this.#hashWorker.rootOf,
      schedulers: new Map([...Object.entries(CHUNK_SCHEDULERS), ...(plugins?.schedulers() ?? [])]),
      makeSelector: plugins?.makeSelector,
      inHashingTurn: <T>(task: () => Promise<T>, signal?: AbortSignal) => hashing.run(task, signal),
      makeDialer: (torrent: ConstructorParameters<typeof DataDialer>[1]) => new DataDialer(dialing, torrent),
      fetchMetadata: (...wanted: Parameters<MetadataDialer['fetch']>) => metadata.fetch(...wanted),
    };
    this.catalog = new TorrentCatalog(ports, hybridClock);
  }

  /** Where the data port listens. */
  get dataAddress(): HostPort {
    return this.#dataAddress;
  }

  /** Opens the data port and goes on with what was there. @throws PortTakenError, ListenError */
  async start(): Promise<void> {
    this.#dataAddress = await this.dataServer.listen(this.options.config.listen);
    // Who names no tracker wants none.
    this.trackers.start(this.options.config.trackers.length === 0 ? [] : await this.#trackerMemory.recall());
    await this.catalog.restore();
  }

  async stop(): Promise<void> {
    await this.catalog.stop();
    this.access.tickets.stop();
    await this.trackers.stop();
    await this.dataServer.close();
    await this.#hashWorker.close();
  }

  /** The process start is the incarnation: it tells a restarted peer from a late message of the old one. */
  #describe(): PeerIdentity {
    const { config } = this.options;
    return {
      id: this.access.peerId,
      name: config.name,
      incarnation: this.startedAtMs,
      addresses: config.advertise,
      dataPort: this.#dataAddress.port,
      labels: config.labels,
    };
  }
}

/** An address that listens everywhere is dialled at loopback. */
function reachable({ host, port }: HostPort): HostPort {
  if (host === '0.0.0.0') return { host: '127.0.0.1', port };
  return { host: host === '::' ? '::1' : host, port };
}
