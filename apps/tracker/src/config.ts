import { hostname } from 'node:os';
import type { AccessKey } from '@panal/access';
import {
  addressOption,
  choiceOption,
  defaulted,
  durationOption,
  keyFileOf,
  keyFromEnvironment,
  type LogLevel,
  nameOption,
  nodeNameFrom,
  numberOption,
  optional,
  pluginFolderOf,
  readCommandLine,
  repeatable,
  sharedOptions,
} from '@panal/nest';
import type { HostPort } from '@panal/runtime';
import { PEER_TTL_MS, PEER_TTL_MS_MIN } from '@panal/tracking';
import { type PeerAddress, PROTOCOL_VERSION } from '@panal/wire';
import { JOINS_MAX } from './limits.js';

/** How a tracker runs. Every field is a flag, or the variable the help names beside it. */
export interface TrackerConfig {
  /** Where peers and clients connect; default 0.0.0.0:5555. Port 0: any free one. */
  readonly listen: HostPort;
  /** Where health and metrics are; default: the host of `listen`, its port + 1. Port 0: any free one. */
  readonly http: HostPort;
  /** Where others reach this tracker, when that is not `listen`: behind a published port or NAT. Default: none. */
  readonly advertise: readonly PeerAddress[];
  /** Where other trackers connect, TCP and UDP; default: the host of `listen`, port 5560. Port 0: any free one. */
  readonly clusterListen: HostPort;
  /** Where other trackers reach this one, when that is not `clusterListen`. Default: none. */
  readonly clusterAdvertise: HostPort | undefined;
  /** Other trackers, at their `clusterListen`: one that answers is enough. None: this one waits to be joined. */
  readonly join: readonly HostPort[];
  /** What fails together with this tracker: a rack, a building. Copies are kept in three zones where there are three. */
  readonly zone: string;
  /** Share of the data this tracker takes, against that of others, 1 to 100; default 1. */
  readonly weight: number;
  /**
   * What becomes of a write while fewer than three trackers can be reached: `degrade` (default) acknowledges it with the number
   * of copies there are, `strict` refuses it.
   */
  readonly writes: 'degrade' | 'strict';
  /** Use a data folder that was away for longer than deletions are remembered; default no. */
  readonly acceptStale: boolean;
  /**
   * Highest version of the protocol to speak, with other trackers and with clients; default and highest: that of this release.
   * One less while a cluster is upgraded tracker by tracker, for as long as the way back shall be open: what only the newer
   * version has (`panal cluster cordon`, `snapshot`) is refused meanwhile.
   */
  readonly protocolMax: number;
  /** Folder with the tracker's id, which makes it the same tracker after a restart. Without one it is a new one each time. */
  readonly data: string | undefined;
  /** Packages of plugins, in the order they are loaded in. Default: none. */
  readonly plugins: readonly string[];
  /** Where plugins are installed; default `<data>/plugins`. */
  readonly pluginFolder: string | undefined;
  /** Name of the cluster; default `panal`. Members of another one are refused in the hello. */
  readonly cluster: string;
  /** File with the cluster's key; default `<data>/cluster.key`. Without either the tracker refuses to start. */
  readonly keyFile: string | undefined;
  /** The key itself, from PANAL_KEY; undefined when --key-file names one. There is no flag: everybody on a machine reads those. */
  readonly key: AccessKey | undefined;
  /** What people call this tracker; default: the first label of the machine's name. */
  readonly name: string;
  /** Least severe log lines to write; default `info`. */
  readonly logLevel: LogLevel;
  /**
   * A peer silent for so long is forgotten, in ms; default 90 s, from 1 s to 1 h. Shorter: dead peers are handed out for less
   * time. Longer: fewer heartbeats (there are three in this time). There is no zero: a peer that never expires is a leak.
   */
  readonly peerTtlMs: number;
}

const PEER_TTL_MS_MAX = 3_600_000;

const CLUSTER_PORT = 5560;
const WEIGHT_MAX = 100;

// Trackers find each other on ports of their own, by --join.
const { trackers: _, ...shared } = sharedOptions({
  listen: '0.0.0.0:5555',
  serves: 'peers and clients',
  data: 'none: a new identity at every start, and nothing survives it',
});

const schema = {
  ...shared,
  clusterListen: optional({
    flag: '--cluster-listen',
    placeholder: 'HOST:PORT',
    env: 'PANAL_CLUSTER_LISTEN',
    help: 'where to listen for other trackers, TCP and UDP; port 0 takes any free one',
    parse: addressOption({ host: '0.0.0.0', port: CLUSTER_PORT }),
    defaultText: `the host of --listen, port ${CLUSTER_PORT}`,
  }),
  clusterAdvertise: optional({
    flag: '--cluster-advertise',
    placeholder: 'HOST:PORT',
    env: 'PANAL_CLUSTER_ADVERTISE',
    help: 'where other trackers reach this one',
    parse: addressOption({ port: CLUSTER_PORT }),
    defaultText: 'the address of this machine, and the port of --cluster-listen',
  }),
  join: repeatable({
    flag: '--join',
    placeholder: 'HOST[:PORT]',
    env: 'PANAL_JOIN',
    help: 'another tracker of the cluster, or a name that means all of them (tasks.SERVICE)',
    parse: addressOption({ port: CLUSTER_PORT }),
    countMax: JOINS_MAX,
    defaultText: 'none: wait for the others',
  }),
  zone: optional({
    flag: '--zone',
    placeholder: 'NAME',
    env: 'PANAL_ZONE',
    help: 'what fails together with this tracker; copies are kept in three zones where there are three',
    parse: nameOption,
    defaultText: 'none',
  }),
  weight: defaulted({
    flag: '--weight',
    placeholder: 'N',
    env: 'PANAL_WEIGHT',
    help: `share of the data to take, against other trackers, 1 to ${WEIGHT_MAX}`,
    parse: numberOption({ min: 1, max: WEIGHT_MAX }),
    defaultText: '1',
  }),
  writes: defaulted({
    flag: '--writes',
    placeholder: 'POLICY',
    env: 'PANAL_WRITES',
    help: 'with fewer than three trackers: "degrade" takes a write and says how many copies there are, "strict" refuses it',
    parse: choiceOption(['degrade', 'strict'] as const),
    defaultText: 'degrade',
  }),
  acceptStale: defaulted({
    flag: '--accept-stale',
    placeholder: 'yes|no',
    env: 'PANAL_ACCEPT_STALE',
    help: 'use a data folder that was away for longer than deletions are remembered',
    parse: choiceOption(['yes', 'no'] as const),
    defaultText: 'no',
  }),
  protocolMax: defaulted({
    flag: '--protocol-max',
    placeholder: 'N',
    env: 'PANAL_PROTOCOL_MAX',
    help: 'highest version of the protocol to speak, for upgrades tracker by tracker and the way back',
    parse: numberOption({ min: PROTOCOL_VERSION - 1, max: PROTOCOL_VERSION }),
    defaultText: String(PROTOCOL_VERSION),
  }),
  http: optional({
    flag: '--http',
    placeholder: 'HOST:PORT',
    env: 'PANAL_HTTP',
    help: 'where to answer /health/live, /health/ready and /metrics; port 0 takes any free one',
    parse: addressOption({ host: '0.0.0.0' }),
    defaultText: 'the host of --listen, its port + 1',
  }),
  peerTtlMs: defaulted({
    flag: '--peer-ttl',
    placeholder: 'TIME',
    env: 'PANAL_PEER_TTL',
    help: 'forget a peer that was silent for so long',
    parse: durationOption({ minMs: PEER_TTL_MS_MIN, maxMs: PEER_TTL_MS_MAX }),
    defaultText: `${PEER_TTL_MS / 1_000}s`,
  }),
};

const EPILOGUE = `A flag wins over its variable; a variable with several values separates them by commas.

Examples:
  panal keys init --key-file cluster.key              make the key of a new cluster, once
  panal tracker --key-file cluster.key                a tracker on port 5555
  panal tracker --listen :6000 --data /var/lib/panal  on port 6000, the same tracker after a restart
  panal tracker --key-file cluster.key --data /var/lib/panal --join t1 --join t2   one cluster with t1 and t2
  curl http://127.0.0.1:5556/health/ready             is it ready?
`;

/**
 * Reads the configuration of this process.
 * @param argv Without program and script.
 * @returns Undefined when the help was asked for, and printed.
 * @throws OptionInvalidError
 */
export function readTrackerConfig(
  argv: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
  write: (text: string) => void = (text) => void process.stdout.write(text),
): TrackerConfig | undefined {
  const summary = 'Runs a tracker: it knows who has what, and never carries content itself.';
  const values = readCommandLine({ program: 'panal tracker', summary, epilogue: EPILOGUE, schema, argv, env, write });
  if (values === undefined) return undefined;
  const { listen, http, clusterListen, name, zone, acceptStale } = values;
  return {
    ...values,
    clusterListen: clusterListen ?? { host: listen.host, port: listen.port === 0 ? 0 : CLUSTER_PORT },
    zone: zone ?? '',
    acceptStale: acceptStale === 'yes',
    http: http ?? { host: listen.host, port: portBeside(listen.port) },
    keyFile: keyFileOf(values),
    pluginFolder: pluginFolderOf(values),
    key: keyFromEnvironment(values.keyFile, env),
    name: name ?? nodeNameFrom(hostname(), 'tracker'),
  };
}

/** A tracker on any free port has its HTTP interface on any free port, too. */
function portBeside(port: number): number {
  if (port === 0) return 0;
  return port < 65_535 ? port + 1 : port - 1;
}
