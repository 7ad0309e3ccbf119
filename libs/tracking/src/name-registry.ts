import { EVERYWHERE } from '@panal/cluster';
import type { Clock } from '@panal/runtime';
import {
  type HybridClock,
  NAME_HISTORY_MAX,
  type NameGetReply,
  type NameGetRequest,
  type NamePutReply,
  type NamePutRequest,
  type NameVersion,
  newestName,
} from '@panal/wire';
import { NameUnknownError, TrackerFullError } from './errors.js';
import type { RecordMaker } from './record-maker.js';
import type { Replicas } from './replicas.js';
import type { Routes } from './routes.js';
import { type TorrentKey, torrentKey } from './torrent-key.js';
import type { TorrentTable } from './torrent-table.js';

export interface NameRegistryOptions {
  readonly clock: Clock;
  readonly hybridClock: HybridClock;
  readonly make: RecordMaker;
  readonly replicas: Replicas;
  readonly routes: Routes;
  readonly torrents: TorrentTable;
  readonly recordCountMax: number;
}

interface Version {
  readonly torrent: string;
  readonly setAt: number;
}

/**
 * What names mean. Last writer wins: the highest `setAt`, among equals the higher content id. There is one register for each
 * (name, torrent), kept by every tracker; the history is the best of all that was ever put, so trackers that saw the same
 * puts in any order, any number of times, agree on all of it.
 */
export class NameRegistry {
  /** The newest first. */
  readonly #versions = new Map<string, readonly Version[]>();
  readonly #countIn = new Map<string, number>();
  #recordCount = 0;

  constructor(private readonly options: NameRegistryOptions) {}

  /** Names in all namespaces. */
  get count(): number {
    return this.#versions.size;
  }

  countIn(namespace: string): number {
    return this.#countIn.get(namespace) ?? 0;
  }

  /**
   * Sets a name, unless it was set later already.
   * @throws ClockAheadError (of wire) when `setAt` lies too far in the future; TrackerFullError
   */
  async put({ namespace, name, hash, setAt }: NamePutRequest): Promise<NamePutReply> {
    this.options.hybridClock.observe(setAt, this.options.clock.nowMs());
    const key = torrentKey({ namespace, hash });
    this.#checkRoom(key, name);
    const { make, replicas } = this.options;
    const { copies } = await replicas.write([make.name(key, name, setAt), ...this.#oldest(key, name, setAt)]);
    const current = (await this.#find({ namespace, name }))?.hash ?? hash;
    const isCurrent = Buffer.compare(current, hash) === 0;
    return { isCurrent, hash: current, copies };
  }

  /** @throws NameUnknownError */
  async get(request: NameGetRequest): Promise<NameGetReply> {
    const found = await this.#find(request);
    if (found === undefined) throw new NameUnknownError(request.name, request.namespace);
    return found;
  }

  /** What this tracker itself knows. */
  getHere({ namespace, name }: NameGetRequest): NameGetReply | undefined {
    const [current, ...history] = (this.#versions.get(nameKey(namespace, name)) ?? []).map(nameVersion);
    return current === undefined ? undefined : { ...current, history: history.slice(0, NAME_HISTORY_MAX) };
  }

  /** A name was set to a torrent, or ceased to mean it. @param setAt Undefined: it ceased. */
  follow({ namespace, torrent }: TorrentKey, name: string, setAt: number | undefined): void {
    const id = nameKey(namespace, name);
    const before = this.#versions.get(id) ?? [];
    const others = before.filter((version) => version.torrent !== torrent);
    const after = (setAt === undefined ? others : [...others, { torrent, setAt }]).sort(newer);
    this.#recordCount += after.length - before.length;
    if (after.length === 0) this.#versions.delete(id);
    else this.#versions.set(id, after);
    this.#point(namespace, name, before[0]?.torrent, after[0]?.torrent);
  }

  #find(request: NameGetRequest): Promise<NameGetReply | undefined> {
    return this.options.routes.answer<NameGetReply | undefined>({
      slot: EVERYWHERE,
      kind: 'name',
      data: request,
      here: () => this.getHere(request),
      read: readName,
      merge: (replies) => newestName(replies.filter((reply) => reply !== undefined)),
    });
  }

  #point(namespace: string, name: string, was: string | undefined, is: string | undefined): void {
    if (was === is) return;
    const { torrents } = this.options;
    if (was !== undefined) {
      const row = torrents.ensure({ namespace, torrent: was });
      row.names.delete(name);
      torrents.settle(row);
    }
    if (is !== undefined) torrents.ensure({ namespace, torrent: is }).names.add(name);
    const delta = (is === undefined ? 0 : 1) - (was === undefined ? 0 : 1);
    if (delta !== 0) this.#countIn.set(namespace, this.countIn(namespace) + delta);
  }

  /** Tombstones for what falls out of the history when one more is put. */
  #oldest(key: TorrentKey, name: string, setAt: number) {
    const others = (this.#versions.get(nameKey(key.namespace, name)) ?? []).filter(
      ({ torrent }) => torrent !== key.torrent,
    );
    return [...others, { torrent: key.torrent, setAt }]
      .sort(newer)
      .slice(NAME_HISTORY_MAX + 1)
      .filter(({ torrent }) => torrent !== key.torrent)
      .map(({ torrent }) => this.options.make.nameEnd({ namespace: key.namespace, torrent }, name));
  }

  #checkRoom(key: TorrentKey, name: string): void {
    this.options.torrents.checkRoom(key);
    const { recordCountMax } = this.options;
    const isNew = !this.#versions.get(nameKey(key.namespace, name))?.some(({ torrent }) => torrent === key.torrent);
    if (isNew && this.#recordCount >= recordCountMax) throw new TrackerFullError('names', recordCountMax);
  }
}

function nameKey(namespace: string, name: string): string {
  return `${namespace} ${name}`;
}

function newer(one: Version, other: Version): number {
  return other.setAt - one.setAt || (other.torrent < one.torrent ? -1 : 1);
}

function nameVersion({ torrent, setAt }: Version): NameVersion {
  return { hash: Buffer.from(torrent, 'hex'), setAt };
}

/** Another tracker's answer, as far as it makes sense. */
function readName(value: unknown): NameGetReply | undefined {
  const { hash, setAt, history } = (value ?? {}) as Partial<NameGetReply>;
  if (!(hash instanceof Uint8Array) || !Number.isSafeInteger(setAt)) return undefined;
  const versions = Array.isArray(history) ? (history as readonly NameVersion[]) : [];
  return { hash, setAt: setAt as number, history: versions.slice(0, NAME_HISTORY_MAX) };
}
