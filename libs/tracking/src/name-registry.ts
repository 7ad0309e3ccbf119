import type { Clock } from '@panal/runtime';
import {
  type HybridClock,
  NAME_HISTORY_MAX,
  type NameGetReply,
  type NameGetRequest,
  type NamePutReply,
  type NamePutRequest,
  type NameVersion,
} from '@panal/wire';
import { NameUnknownError } from './errors.js';
import type { RecordChange, RecordKey, RecordStore, StoredRecord } from './record-store.js';
import { toHex, torrentKey } from './torrent-key.js';
import type { TorrentTable } from './torrent-table.js';

export interface NameRegistryOptions {
  readonly clock: Clock;
  readonly hybridClock: HybridClock;
  /** One register for each (name, torrent): when the name was last set to it. */
  readonly store: RecordStore<null>;
  readonly torrents: TorrentTable;
}

/**
 * What names mean. Last writer wins: the highest `setAt`, among equals the higher content id. The history is the best of all
 * that was ever put, so trackers that saw the same puts in any order, any number of times, agree on all of it.
 */
export class NameRegistry {
  readonly #current = new Map<string, string>();
  readonly #countIn = new Map<string, number>();

  constructor(private readonly options: NameRegistryOptions) {
    options.store.watch((change) => this.#follow(change));
  }

  /** Names in all namespaces. */
  get count(): number {
    return this.#current.size;
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
    const target = toHex(hash);
    const row = this.options.torrents.ensure(torrentKey({ namespace, hash }));
    try {
      const key: RecordKey = { namespace, subject: name, member: target };
      await this.options.store.write({ key, clock: setAt, value: null, expiresAtMs: Number.POSITIVE_INFINITY });
      await this.#forgetOldest(namespace, name);
    } finally {
      this.options.torrents.settle(row);
    }
    const current = this.#current.get(nameKey(namespace, name)) as string;
    return { isCurrent: current === target, hash: Buffer.from(current, 'hex') };
  }

  /** @throws NameUnknownError */
  get({ namespace, name }: NameGetRequest): NameGetReply {
    const [current, ...history] = this.#versions(namespace, name).map(nameVersion);
    if (current === undefined) throw new NameUnknownError(name, namespace);
    return { ...current, history };
  }

  async #forgetOldest(namespace: string, name: string): Promise<void> {
    for (const { key } of this.#versions(namespace, name).slice(NAME_HISTORY_MAX + 1)) {
      await this.options.store.remove(key, this.options.hybridClock.tick(this.options.clock.nowMs()));
    }
  }

  /** The newest first. */
  #versions(namespace: string, name: string): StoredRecord<null>[] {
    return [...this.options.store.readAll(namespace, name)].sort(
      (one, other) => other.clock - one.clock || (other.key.member < one.key.member ? -1 : 1),
    );
  }

  #follow({ key: { namespace, subject: name } }: RecordChange<null>): void {
    const id = nameKey(namespace, name);
    const was = this.#current.get(id);
    const is = this.#versions(namespace, name)[0]?.key.member;
    if (was === is) return;
    if (was !== undefined) {
      const row = this.options.torrents.ensure({ namespace, torrent: was });
      row.names.delete(name);
      this.options.torrents.settle(row);
    }
    if (is === undefined) this.#current.delete(id);
    else {
      this.#current.set(id, is);
      this.options.torrents.ensure({ namespace, torrent: is }).names.add(name);
    }
    const delta = (is === undefined ? 0 : 1) - (was === undefined ? 0 : 1);
    if (delta !== 0) this.#countIn.set(namespace, this.countIn(namespace) + delta);
  }
}

function nameKey(namespace: string, name: string): string {
  return `${namespace} ${name}`;
}

function nameVersion({ key, clock }: StoredRecord<null>): NameVersion {
  return { hash: Buffer.from(key.member, 'hex'), setAt: clock };
}
