import { hostname } from 'node:os';
import type { AccessKey } from '@panal/access';
import {
  addressOption,
  defaulted,
  keyFileOf,
  keyFromEnvironment,
  labelOption,
  nodeNameFrom,
  pluginFolderOf,
  readCommandLine,
  repeatable,
  sharedOptions,
} from '@panal/nest';
import { type HostPort } from '@panal/runtime';
import { PEER_LABELS_MAX } from '@panal/wire';

const API_PORT = 5580;

const SCHEMA = {
  ...sharedOptions({
    listen: '0.0.0.0:5550',
    serves: 'peers that download',
    data: '~/.panal',
  }),
  api: defaulted({
    flag: '--api',
    placeholder: 'HOST:PORT',
    env: 'PANAL_API',
    help: 'where to serve the REST API, health and metrics; port 0 takes any free one',
    parse: addressOption({ host: '127.0.0.1', port: API_PORT }),
    defaultText: `127.0.0.1:${API_PORT}`,
  }),
  labels: repeatable({
    flag: '--label',
    placeholder: 'NAME=VALUE',
    env: 'PANAL_LABELS',
    help: 'what to tell trackers and users of this peer, for example where it is: zone=a',
    parse: labelOption,
    countMax: PEER_LABELS_MAX,
    defaultText: 'none',
  }),
};

const EPILOGUE = `What the peer keeps (its identity, shares and unfinished downloads) is in --data, and survives a restart.
The REST API wants the token from <data>/api-token; "panal share", "panal get" and "panal status" find it there.

Examples:
  panal peer --tracker t1:5555 --tracker t2:5555 --key-file cluster.key
  panal peer --tracker t1 --advertise 192.0.2.7:5550 --data /var/lib/panal --key-file /run/secrets/panal`;

/** What a peer is told from outside. The meaning, default and environment variable of each is in `panal peer --help`. */
export interface PeerConfig {
  readonly listen: HostPort;
  readonly advertise: ReturnType<(typeof SCHEMA)['advertise']['read']>;
  readonly trackers: readonly HostPort[];
  readonly dataFolder: string;
  readonly cluster: string;
  readonly keyFile: string;
  /** The key itself, from PANAL_KEY; undefined when --key-file names one. */
  readonly key: AccessKey | undefined;
  readonly name: string;
  readonly logLevel: ReturnType<(typeof SCHEMA)['logLevel']['read']>;
  readonly api: HostPort;
  /** What the machine's owner says of it. */
  readonly labels: Readonly<Record<string, string>>;
  readonly plugins: readonly string[];
  readonly pluginFolder: string | undefined;
}

/** @returns Undefined when the help was asked for, and written. @throws OptionInvalidError */
export function readPeerConfig(argv: readonly string[]): PeerConfig | undefined {
  const values = readCommandLine({
    program: 'panal peer',
    summary: 'Shares files with the other peers of a cluster, and fetches theirs.',
    epilogue: EPILOGUE,
    schema: SCHEMA,
    argv,
    env: process.env,
    write: (text) => void process.stdout.write(text),
  });
  if (values === undefined) return undefined;
  const dataFolder = values.data ?? defaultDataFolder(process.env.HOME);
  const { listen, advertise, trackers, cluster, logLevel, api, plugins } = values;
  const keyFile = keyFileOf({ keyFile: values.keyFile, data: dataFolder }) as string;
  const key = keyFromEnvironment(values.keyFile, process.env);
  const name = values.name ?? nodeNameFrom(hostname(), 'peer');
  const pluginFolder = pluginFolderOf({ pluginDir: values.pluginDir, data: dataFolder });
  const labels = Object.fromEntries(values.labels);
  return {
    listen,
    advertise,
    trackers,
    dataFolder,
    cluster,
    keyFile,
    key,
    name,
    logLevel,
    api,
    labels,
    plugins,
    pluginFolder,
  };
}

function defaultDataFolder(home: string | undefined): string {
  return `${home ?? '.'}/.panal`;
}
