import {
  type ClusterNode,
  type ClusterRecord,
  type ClusterView,
  COPY_COUNT,
  EVERYWHERE,
  type TrackerId,
} from '@panal/cluster';
import { type Clock, formatAddress } from '@panal/runtime';
import type { Guide, Question, Replicas, WritePromise, WriteReceipt } from '@panal/tracking';
import type { ClusterLinks } from '@panal/transport-tcp';
import { type HybridClock, OWNERS_MAX } from '@panal/wire';
import { TrackerNotReadyError } from '../errors.js';
import { ASK_TIMEOUT_MS } from '../limits.js';

/** Pattern of questions between trackers. */
export const ASK = 'tracker.tracking.ask';

/** What is there once the tracker has read its records and listens for others. */
export interface ClusterAccess {
  readonly node: Pick<ClusterNode, 'view' | 'isAuthoritative'>;
  readonly links: Pick<ClusterLinks, 'request'>;
  readonly runtime: { write(records: readonly ClusterRecord[]): WriteReceipt | Promise<WriteReceipt> };
}

/** The cluster as tracking needs it. Until it is attached every read knows nothing and every write is refused, for now. */
export class ClusterReplicas implements Replicas {
  #cluster: ClusterAccess | undefined;
  /** RPC addresses by tracker id, as of one version of the view. */
  readonly #addresses = new Map<TrackerId, string>();
  /** What is told of each slot, as of the same version. */
  readonly #guides = new Map<number, Guide>();
  #addressesOf = -1;

  #promise: WritePromise = { copies: COPY_COUNT, since: Number.POSITIVE_INFINITY };

  constructor(
    readonly selfId: TrackerId,
    private readonly time: { readonly clock: Clock; readonly hybridClock: HybridClock },
  ) {}

  attach(cluster: ClusterAccess): void {
    this.#cluster = cluster;
  }

  write(records: readonly ClusterRecord[]): WriteReceipt | Promise<WriteReceipt> {
    if (this.#cluster === undefined) return Promise.reject(new TrackerNotReadyError());
    return this.#cluster.runtime.write(records);
  }

  /** Counted from the first look at the present members: a stamp made before that look may be of the members before. */
  get promise(): WritePromise {
    const view = this.#cluster?.node.view;
    if (view !== undefined) this.#follow(view);
    return this.#promise;
  }

  isAuthoritative(slot: number): boolean {
    return this.#cluster?.node.isAuthoritative(slot) ?? false;
  }

  isFirst(slot: number): boolean {
    return this.#cluster?.node.view.ranking(slot)[0] === this.selfId;
  }

  /** Those under suspicion come last: they may be dead, and waiting for one costs more than asking a stand-in. */
  keepers(slot: number): readonly TrackerId[] {
    const view = this.#cluster?.node.view;
    if (view === undefined) return [];
    const others = view.ranking(slot).filter((id) => id !== this.selfId);
    const isWell = (id: TrackerId): boolean => view.member(id)?.health === 'alive';
    return [...others.filter(isWell), ...others.filter((id) => !isWell(id))];
  }

  others(): readonly TrackerId[] {
    const members = this.#cluster?.node.view.members ?? [];
    return members.filter(({ id, phase }) => id !== this.selfId && phase !== 'joining').map(({ id }) => id);
  }

  guide(slot: number): Guide {
    const view = this.#cluster?.node.view;
    if (view === undefined) return { owners: [], membersEpoch: 0 };
    this.#follow(view);
    let guide = this.#guides.get(slot);
    if (guide === undefined) {
      const owners = view.owners(slot).slice(0, OWNERS_MAX);
      guide = { owners: owners.map((id) => this.#addressOf(view, id)), membersEpoch: view.version };
      this.#guides.set(slot, guide);
    }
    return guide;
  }

  async ask(tracker: TrackerId, question: Question): Promise<unknown> {
    if (this.#cluster === undefined) throw new TrackerNotReadyError();
    return this.#cluster.links.request(tracker, ASK, question, { timeoutMs: ASK_TIMEOUT_MS });
  }

  #follow(view: ClusterView): void {
    const { version } = view;
    if (this.#addressesOf === version) return;
    this.#addresses.clear();
    this.#guides.clear();
    this.#addressesOf = version;
    const copies = Math.min(COPY_COUNT, view.owners(EVERYWHERE).length);
    this.#promise = { copies, since: this.time.hybridClock.tick(this.time.clock.nowMs()) };
  }

  #addressOf(view: ClusterView, id: TrackerId): string {
    const known = this.#addresses.get(id);
    if (known !== undefined) return known;
    const member = view.member(id);
    const address = member === undefined ? '' : formatAddress(member.rpc);
    this.#addresses.set(id, address);
    return address;
  }
}
