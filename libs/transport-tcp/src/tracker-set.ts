import { type Clock, errorReport, formatAddress, type HostPort, PanalError, type Timers } from '@panal/runtime';
import {
  type AnnounceReply,
  type AnnounceRequest,
  type DeregisterReply,
  type DeregisterRequest,
  type HeartbeatReply,
  type HeartbeatRequest,
  type LookupReply,
  type LookupRequest,
  type MetadataGetRequest,
  type MetadataPutReply,
  type MetadataPutRequest,
  type NameGetReply,
  type NameGetRequest,
  type NamePutReply,
  type NamePutRequest,
  type TorrentListReply,
  type TorrentListRequest,
  TRACKER_PATTERNS,
  type TrackerView,
} from '@panal/wire';
import { TooManyTrackersError } from './errors.js';
import { TRACKER_READ_GRACE_MS, TRACKER_TIMEOUT_MS, TRACKER_WRITE_GRACE_MS, TRACKERS_MAX } from './limits.js';
import type { RpcClientStatus } from './rpc/rpc-client-status.js';
import { failureOf, nameFailure, repliesOf, type TrackerAnswers } from './tracker-set-answers.js';
import { gather } from './tracker-set-gather.js';
import { mergeLists, mergeLookups, newestName } from './tracker-set-merge.js';
import {
  readAnnounce,
  readDeregister,
  readHeartbeat,
  readLookup,
  readMetadataGet,
  readMetadataPut,
  readNameGet,
  readNamePut,
  readTorrentList,
} from './tracker-set-replies.js';

/** What the set needs of a client to one tracker; `TcpRpcClient` is one. */
export interface TrackerClient {
  readonly address: HostPort;
  readonly currentStatus: RpcClientStatus;
  /** Calls back at each change of `currentStatus`, until the returned function is called. */
  onStatus(listener: (status: RpcClientStatus) => void): () => void;
  connect(): Promise<void>;
  call<R>(pattern: string, data: unknown, options: { timeoutMs: number; signal?: AbortSignal }): Promise<R>;
  close(): Promise<void>;
}

export interface TrackerSetOptions {
  /** At least one; doubles count once. */
  readonly addresses: readonly HostPort[];
  readonly clock: Clock;
  readonly timers: Timers;
  makeClient(address: HostPort): TrackerClient;
  /** One question to all, answered or given up, in ms. Default: TRACKER_TIMEOUT_MS. */
  readonly timeoutMs?: number;
  /** After the first useful answer, the wait for the others, in ms. Default: TRACKER_READ_GRACE_MS. */
  readonly readGraceMs?: number;
  /** The same for what trackers are told. Default: TRACKER_WRITE_GRACE_MS. */
  readonly writeGraceMs?: number;
}

interface Question<R> {
  readonly pattern: string;
  readonly data: unknown;
  readonly signal?: AbortSignal | undefined;
  readonly read: (value: unknown) => R;
  /** Absent: the question changes something, and each tracker's answer counts. */
  readonly isUseful?: (reply: R) => boolean;
  readonly isFirstEnough?: boolean;
}

/**
 * The trackers of one process: tells all of them, asks all of them, and makes one answer of theirs. Each serves alone for
 * now; the members of a cluster will be learned from their replies here, behind the same methods.
 *
 * Every method throws `NoTrackerError` when no tracker can be reached, and the tracker's own error when those that can be
 * reached refuse.
 */
export class TrackerSet {
  readonly #clients: readonly TrackerClient[];
  readonly #options: Required<Pick<TrackerSetOptions, 'timeoutMs' | 'readGraceMs' | 'writeGraceMs'>> &
    TrackerSetOptions;

  constructor(options: TrackerSetOptions) {
    const addresses = new Map(options.addresses.map((address) => [formatAddress(address), address]));
    if (addresses.size > TRACKERS_MAX) throw new TooManyTrackersError(addresses.size, TRACKERS_MAX);
    this.#clients = [...addresses.values()].map((address) => options.makeClient(address));
    this.#options = {
      ...options,
      timeoutMs: options.timeoutMs ?? TRACKER_TIMEOUT_MS,
      readGraceMs: options.readGraceMs ?? TRACKER_READ_GRACE_MS,
      writeGraceMs: options.writeGraceMs ?? TRACKER_WRITE_GRACE_MS,
    };
  }

  /** Starts connecting to all, so that the first question finds open connections. Failures show in `views()`. */
  start(): void {
    for (const client of this.#clients) client.connect().catch(() => undefined);
  }

  /** Tells every tracker that the peer has (part of) a torrent. */
  announce(request: AnnounceRequest, signal?: AbortSignal): Promise<TrackerAnswers<AnnounceReply>> {
    return this.#ask({ pattern: TRACKER_PATTERNS.announce, data: request, read: readAnnounce, signal });
  }

  /** Tells every tracker that the peer lives; a tracker names the torrents it wants announced again. */
  heartbeat(request: HeartbeatRequest, signal?: AbortSignal): Promise<TrackerAnswers<HeartbeatReply>> {
    return this.#ask({ pattern: TRACKER_PATTERNS.heartbeat, data: request, read: readHeartbeat, signal });
  }

  deregister(request: DeregisterRequest, signal?: AbortSignal): Promise<TrackerAnswers<DeregisterReply>> {
    return this.#ask({ pattern: TRACKER_PATTERNS.deregister, data: request, read: readDeregister, signal });
  }

  putMetadata(request: MetadataPutRequest, signal?: AbortSignal): Promise<TrackerAnswers<MetadataPutReply>> {
    return this.#ask({ pattern: TRACKER_PATTERNS.metadataPut, data: request, read: readMetadataPut, signal });
  }

  /** @returns `isCurrent` only when no tracker knows a newer meaning; else `hash` is one of those. */
  async putName(request: NamePutRequest, signal?: AbortSignal): Promise<NamePutReply> {
    const replies = repliesOf(
      await this.#ask({ pattern: TRACKER_PATTERNS.namePut, data: request, read: readNamePut, signal }),
    );
    return replies.find(({ isCurrent }) => !isCurrent) ?? { isCurrent: true, hash: request.hash };
  }

  /** Peers of a torrent, each once. Nobody has it: an empty list, once every tracker said so or the time is over. */
  async lookup(request: LookupRequest, signal?: AbortSignal): Promise<LookupReply> {
    const isUseful = (reply: LookupReply): boolean => reply.peers.length > 0;
    const question = { pattern: TRACKER_PATTERNS.lookup, data: request, read: readLookup, isUseful, signal };
    return mergeLookups(repliesOf(await this.#ask(question)), request.peerCountMax);
  }

  /**
   * The metadata of a torrent from the first tracker that has it.
   * @param isGood Checks the bytes against the content id, so that a faulty tracker does not win by being first.
   * @returns null when no tracker that answered has it.
   */
  async getMetadata(
    request: MetadataGetRequest,
    isGood: (bytes: Uint8Array) => boolean,
    signal?: AbortSignal,
  ): Promise<Uint8Array | null> {
    const read = (value: unknown): Uint8Array | null => {
      const { bytes } = readMetadataGet(value);
      return bytes !== null && isGood(bytes) ? bytes : null;
    };
    const isUseful = (bytes: Uint8Array | null): boolean => bytes !== null;
    const question = { pattern: TRACKER_PATTERNS.metadataGet, data: request, read, isUseful, signal };
    const found = repliesOf(await this.#ask({ ...question, isFirstEnough: true }));
    return found.find((bytes) => bytes !== null) ?? null;
  }

  /**
   * What a name means: the newest meaning among the trackers that answered.
   * @throws the report `name_unknown` only when every tracker that can be reached said so
   */
  async getName(request: NameGetRequest, signal?: AbortSignal): Promise<NameGetReply> {
    const isUseful = (): boolean => true;
    const question = { pattern: TRACKER_PATTERNS.nameGet, data: request, read: readNameGet, isUseful, signal };
    const answers = await this.#gather(question);
    const newest = newestName(repliesOf(answers));
    if (newest === undefined) throw nameFailure(answers, (address) => this.#isConnected(address));
    return newest;
  }

  /** One page of all torrents, in the order of their content ids. */
  async list(request: TorrentListRequest, signal?: AbortSignal): Promise<TorrentListReply> {
    const isUseful = (): boolean => true;
    const question = { pattern: TRACKER_PATTERNS.torrentList, data: request, read: readTorrentList, isUseful, signal };
    return mergeLists(repliesOf(await this.#ask(question)), request.countMax);
  }

  /** Each tracker's state, in the order they were named. */
  views(): TrackerView[] {
    return this.#clients.map((client) => viewOf(client));
  }

  /**
   * Calls back with the address of each tracker that a connection is made to, at first and after each loss: what it should
   * know may have to be announced again.
   * @returns Ends it.
   */
  onConnected(listener: (address: string) => void): () => void {
    const ends = this.#clients.map((client) =>
      client.onStatus((status) => {
        if (status.kind === 'connected') listener(formatAddress(client.address));
      }),
    );
    return () => {
      for (const end of ends) end();
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
  }

  #isConnected(address: string): boolean {
    return this.views().some((view) => view.address === address && view.state === 'connected');
  }

  async #ask<R>(question: Question<R>): Promise<TrackerAnswers<R>> {
    const answers = await this.#gather(question);
    if (answers.some(({ kind }) => kind === 'answered')) return answers;
    throw failureOf(answers);
  }

  #gather<R>({ pattern, data, read, isUseful, isFirstEnough, signal }: Question<R>): Promise<TrackerAnswers<R>> {
    const { clock, timers, timeoutMs, readGraceMs, writeGraceMs } = this.#options;
    const isRead = isUseful !== undefined;
    return gather(
      this.#clients,
      async (client, given) => read(await client.call(pattern, data, { timeoutMs, signal: given })),
      {
        clock,
        timers,
        pattern,
        timeoutMs,
        graceMs: isRead ? readGraceMs : writeGraceMs,
        isUseful: isUseful ?? (() => true),
        isFirstEnough: isFirstEnough ?? false,
        isAbandonedAtEnd: isRead,
        signal,
      },
    );
  }
}

function viewOf({ address, currentStatus }: TrackerClient): TrackerView {
  const view = { address: formatAddress(address) };
  if (currentStatus.kind === 'connected') return { ...view, state: 'connected' };
  const { failure } = currentStatus;
  if (failure === undefined) return { ...view, state: 'connecting' };
  // A wrong key or cluster does not mend itself; a tracker that is away may be back at the next attempt.
  const isRefused = failure instanceof PanalError && !failure.retryable;
  return { ...view, state: isRefused ? 'refused' : 'connecting', reason: errorReport(failure) };
}
