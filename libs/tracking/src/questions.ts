import { EVERYWHERE } from '@panal/cluster';
import { HANDOUT_PEERS_MAX, isNamespace, isTorrentName, TORRENT_LIST_MAX } from '@panal/wire';
import { QuestionInvalidError } from './errors.js';
import type { MetadataStore } from './metadata-store.js';
import type { NameRegistry } from './name-registry.js';
import { slotOfTorrent } from './record-keys.js';
import { QUESTION_KINDS, type Question, type Replicas } from './replicas.js';
import { Routes } from './routes.js';
import type { Swarms } from './swarms.js';
import type { TorrentCatalog } from './torrent-catalog.js';
import type { TorrentKey } from './torrent-key.js';

export interface Answerers {
  readonly replicas: Replicas;
  readonly swarms: Swarms;
  readonly metadata: MetadataStore;
  readonly names: NameRegistry;
  readonly catalog: TorrentCatalog;
}

/**
 * What this tracker itself knows, for another one that was asked by a client. Never asks on: a question goes one step.
 * @throws QuestionInvalidError
 */
export function answerQuestion({ kind, data }: Question, answerers: Answerers): unknown {
  const { swarms, metadata, names, catalog, replicas } = answerers;
  const routes = new Routes(replicas);
  const fields = readFields(data);
  switch (kind) {
    case 'find': {
      const key = readTorrent(fields);
      const asker = readPeer(fields['asker']);
      const peerCountMax = readCount(fields['peerCountMax'], HANDOUT_PEERS_MAX);
      return routes.tell(slotOfTorrent(key), swarms.findHere({ key, asker, peerCountMax }));
    }
    case 'holds': {
      const key = readTorrent(fields);
      return routes.tell(slotOfTorrent(key), swarms.holdsHere(key, readPeer(fields['peer']) ?? ''));
    }
    case 'metadata': {
      const key = readTorrent(fields);
      return routes.tell(slotOfTorrent(key), metadata.getHere(key));
    }
    case 'name': {
      const namespace = readNamespace(fields);
      const { name } = fields;
      if (typeof name !== 'string' || !isTorrentName(name)) throw new QuestionInvalidError('name');
      return routes.tell(EVERYWHERE, names.getHere({ namespace, name }) ?? null);
    }
    case 'list': {
      const { after } = fields;
      if (after !== undefined && !(after instanceof Uint8Array)) throw new QuestionInvalidError('after');
      const countMax = readCount(fields['countMax'], TORRENT_LIST_MAX);
      const namespace = readNamespace(fields);
      return catalog.listHere({ namespace, countMax, ...(after === undefined ? {} : { after }) });
    }
    default:
      throw new QuestionInvalidError('kind');
  }
}

/** A question as it came from another tracker. @throws QuestionInvalidError */
export function readQuestion(value: unknown): Question {
  const { kind, data } = readFields(value);
  const known = QUESTION_KINDS.find((one) => one === kind);
  if (known === undefined) throw new QuestionInvalidError('kind');
  return { kind: known, data };
}

function readFields(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw new QuestionInvalidError('data');
  return value as Readonly<Record<string, unknown>>;
}

function readTorrent(fields: Readonly<Record<string, unknown>>): TorrentKey {
  const { torrent } = fields;
  const isSound = typeof torrent === 'string' && /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(torrent);
  if (!isSound) throw new QuestionInvalidError('torrent');
  return { namespace: readNamespace(fields), torrent };
}

function readNamespace({ namespace }: Readonly<Record<string, unknown>>): string {
  if (typeof namespace !== 'string' || !isNamespace(namespace)) throw new QuestionInvalidError('namespace');
  return namespace;
}

function readPeer(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string' || !/^[0-9a-f]{32}$/.test(value)) throw new QuestionInvalidError('peer');
  return value;
}

function readCount(value: unknown, max: number): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new QuestionInvalidError('count');
  return Math.min(value as number, max);
}
