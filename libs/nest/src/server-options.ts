import path from 'node:path';
import { type AccessKey, parseAccessKey } from '@panal/access';
import { type HostPort, parseAddress } from '@panal/runtime';
import { PEER_ADDRESSES_MAX } from '@panal/wire';
import { TRACKERS_MAX } from './limits.js';
import {
  addressOption,
  advertiseOption,
  logLevelOption,
  nameOption,
  packageOption,
  pathOption,
} from './option-parsers.js';
import { defaulted, optional, repeatable } from './option-spec.js';
import { LOG_LEVELS } from './pino-logger.js';
import { PLUGINS_MAX } from './plugins/plugin-limits.js';

const TRACKER_PORT = 5555;

/** Holds a key itself, as a key file does. */
const KEY_VARIABLE = 'PANAL_KEY';

/** The name of the cluster where none is given. */
export const USUAL_CLUSTER = 'panal';

export interface SharedOptionsDefaults {
  /** `HOST:PORT` where `--listen` is left out. */
  readonly listen: string;
  /** What is listened for, for example `announces and lookups`. */
  readonly serves: string;
  /** What happens without `--data`. */
  readonly data: string;
}

/** The options tracker and peer have in common; a server adds its own to the schema. */
export function sharedOptions({ listen, serves, data }: SharedOptionsDefaults) {
  const fallback: HostPort = parseAddress(listen);
  return {
    listen: defaulted({
      flag: '--listen',
      placeholder: 'HOST:PORT',
      env: 'PANAL_LISTEN',
      help: `where to listen for ${serves}; port 0 takes any free one`,
      parse: addressOption(fallback),
      defaultText: listen,
    }),
    advertise: repeatable({
      flag: '--advertise',
      placeholder: '[NETWORK=]HOST:PORT',
      env: 'PANAL_ADVERTISE',
      help: 'where others reach this server, one for each network',
      parse: advertiseOption,
      countMax: PEER_ADDRESSES_MAX,
      defaultText: 'the address others see',
    }),
    trackers: repeatable({
      flag: '--tracker',
      placeholder: 'HOST:PORT',
      env: 'PANAL_TRACKER',
      help: 'a tracker of the cluster',
      parse: addressOption({ port: TRACKER_PORT }),
      countMax: TRACKERS_MAX,
      defaultText: 'none',
    }),
    data: optional({
      flag: '--data',
      placeholder: 'DIR',
      env: 'PANAL_DATA',
      help: 'folder of what this server keeps',
      parse: pathOption,
      defaultText: data,
    }),
    cluster: defaulted({
      flag: '--cluster',
      placeholder: 'NAME',
      env: 'PANAL_CLUSTER',
      help: 'name of the cluster; only members of one cluster talk to each other',
      parse: nameOption,
      defaultText: USUAL_CLUSTER,
    }),
    keyFile: optional({
      flag: '--key-file',
      placeholder: 'FILE',
      env: 'PANAL_KEY_FILE',
      help: 'the key of the cluster ("panal keys init"), for peers also one of their own ("panal keys client"); PANAL_KEY may hold the key itself',
      parse: pathOption,
      defaultText: '<data>/cluster.key',
    }),
    plugins: repeatable({
      flag: '--plugin',
      placeholder: 'PACKAGE',
      env: 'PANAL_PLUGINS',
      help: 'a plugin to load, by the name of its package',
      parse: packageOption,
      countMax: PLUGINS_MAX,
      defaultText: 'none',
    }),
    pluginDir: optional({
      flag: '--plugin-dir',
      placeholder: 'DIR',
      env: 'PANAL_PLUGIN_DIR',
      help: 'where plugins are installed: the folder with their node_modules',
      parse: pathOption,
      defaultText: '<data>/plugins',
    }),
    name: optional({
      flag: '--name',
      placeholder: 'NAME',
      env: 'PANAL_NAME',
      help: 'what people call this server; unique in the cluster',
      parse: nameOption,
      defaultText: 'the name of the machine',
    }),
    logLevel: defaulted({
      flag: '--log-level',
      placeholder: 'LEVEL',
      env: 'PANAL_LOG_LEVEL',
      help: `least severe log lines to write: ${LOG_LEVELS.join(', ')}`,
      parse: logLevelOption,
      defaultText: 'info',
    }),
  };
}

/**
 * The key in PANAL_KEY, for those who keep secrets in the environment. A key file that is named comes before it.
 * @throws ClusterKeyError, ClientKeyError (of access)
 */
export function keyFromEnvironment(
  keyFile: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): AccessKey | undefined {
  const text = env[KEY_VARIABLE];
  return keyFile !== undefined || text === undefined || text === '' ? undefined : parseAccessKey(text);
}

/** Where the key file is: named, or beside the data; undefined when neither was given. */
export function keyFileOf({
  keyFile,
  data,
}: {
  keyFile: string | undefined;
  data: string | undefined;
}): string | undefined {
  return keyFile ?? (data === undefined ? undefined : path.join(data, 'cluster.key'));
}

/** Where plugins are installed: named, or beside the data; undefined when neither was given. */
export function pluginFolderOf({
  pluginDir,
  data,
}: {
  pluginDir: string | undefined;
  data: string | undefined;
}): string | undefined {
  const folder = pluginDir ?? (data === undefined ? undefined : path.join(data, 'plugins'));
  return folder === undefined ? undefined : path.resolve(folder);
}

/** A machine's name as a node name: its first label, without what no name may have. */
export function nodeNameFrom(hostname: string, fallback: string): string {
  const label = (hostname.split('.')[0] ?? '').replace(/[^A-Za-z0-9_-]+/g, '-').replace(/^[-_]+/, '');
  return label.slice(0, 64) || fallback;
}
