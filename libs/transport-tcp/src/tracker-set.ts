import { formatAddress, type HostPort, ReportedError } from '@panal/runtime';
import {
  type AccessNotice,
  type AnnounceReply,
  type AnnounceRequest,
  type ClusterHints,
  type DeregisterReply,
  type DeregisterRequest,
  type HeartbeatReply,
  type HeartbeatRequest,
  type LookupReply,
  type LookupRequest,
  type MetadataGetReply,
  type MetadataGetRequest,
  type MetadataPutReply,
  type MetadataPutRequest,
  mergeLists,
  mergeLookups,
  type NameGetReply,
  type NameGetRequest,
  type NamePutReply,
  type NamePutRequest,
  newestName,
  type TicketReply,
  type TicketRequest,
  type TorrentListReply,
  type TorrentListRequest,
  TRACKER_PATTERNS,
  type TrackerView,
} from '@panal/wire';
import { ReplyInvalidError, TooManyTrackersError } from './errors.js';
import { TRACKER_PATIENCE_BYTE_MS, TRACKER_PATIENCE_TORRENT_MS, TRACKERS_MAX } from './limits.js';
import { nameFailure } from './tracker-set-answers.js';
import { TrackerBook } from './tracker-set-book.js';
import { TRACKER_SET_LIMITS, type TrackerSetLimits } from './tracker-set-limits.js';
import { TrackerLinks } from './tracker-set-links.js';
import { MembersWatch } from './tracker-set-members.js';
import { mergeAnnounces, mergeHeartbeats } from './tracker-set-merge.js';
import { NoticeWatch } from './tracker-set-notices.js';
import { type Question, QuestionDesk } from './tracker-set-questions.js';
import {
  readAnnounce,
  readDeregister,
  readHeartbeat,
  readLookup,
  readMetadataGet,
  readMetadataPut,
  readNameGet,
  readNamePut,
  readTicket,
  readTorrentList,
} from './tracker-set-replies.js';
import { KnownTracker, type TrackerPorts } from './tracker-set-tracker.js';

export interface TrackerSetOptions extends TrackerPorts {
  /** Some trackers of the cluster; the others are learned from them. Doubles count once. */
  readonly addresses: readonly HostPort[];
  readonly limits?: Partial<TrackerSetLimits>;
  /** The trackers worth trying at the next start have changed; see `start`. At most TRACKERS_REMEMBERED_MAX. */
  readonly onMembers?: (addresses: readonly HostPort[]) => void;
  /** A tracker tells of keys that were revoked: within a second or two, and the same ones more than once. Absent: none is asked to. */
  readonly onNotice?: (notice: AccessNotice) => void;
}

/**
 * The trackers of one process. They are one cluster: any of them answers for all, so each question goes to one, and to another
 * when that one fails or is silent. Trackers of protocol version 1 know of no cluster: those are all told and asked, and one
 * answer is made of theirs.
 *
 * Every method throws `NoTrackerError` when no tracker can be reached, and the tracker's own error when it refuses. Whatever
 * is told may be told twice.
 */
export class TrackerSet {
  readonly #book: TrackerBook;
  readonly #links: TrackerLinks;
  readonly #members: MembersWatch;
  readonly #desk: QuestionDesk;
  readonly #notices: NoticeWatch | undefined;
  readonly #sessionListeners = new Set<(address: string) => void>();
  #isClosed = false;

  constructor(options: TrackerSetOptions) {
    const seeds = new Map(options.addresses.map((address) => [formatAddress(address), address]));
    if (seeds.size > TRACKERS_MAX) throw new TooManyTrackersError(seeds.size, TRACKERS_MAX);
    const { clock, random } = options;
    const ports: TrackerPorts = options;
    const limits = { ...TRACKER_SET_LIMITS, ...options.limits };
    const tell = (tracker: KnownTracker): void => this.#tellSession(tracker);
    this.#book = new TrackerBook({
      seeds: [...seeds.values()],
      clock,
      random,
      make: (address, isSeed) =>
        new KnownTracker({
          address,
          isSeed,
          ports,
          limits,
          onUp: (tracker) => this.#onUp(tracker),
          onDown: (tracker) => this.#onDown(tracker),
        }),
      onForgotten: (tracker) => tracker.drop(),
    });
    this.#links = new TrackerLinks({ book: this.#book, ports, hedgeMs: limits.hedgeMs, onSession: tell });
    this.#members = new MembersWatch({
      book: this.#book,
      ports,
      onChanged: () => {
        this.#desk.forgetOwners();
        this.#links.settle();
      },
      onAlone: (tracker) => {
        this.#links.settle();
        tell(tracker);
      },
      onLearned: (addresses) => options.onMembers?.(addresses),
      onInterval: () => this.#links.maintain(),
    });
    const { members, links, book } = { members: this.#members, links: this.#links, book: this.#book };
    const { onNotice } = options;
    this.#notices = onNotice === undefined ? undefined : new NoticeWatch({ ports, onNotice });
    this.#desk = new QuestionDesk({ book, links, members, ports, limits });
  }

  /**
   * Starts connecting, so that the first question finds an open connection. Failures show in `views()`.
   * @param remembered What `onMembers` told in an earlier life; for when those named are gone.
   */
  start(remembered: readonly HostPort[] = []): void {
    this.#book.remember(remembered);
    this.#members.start();
    this.#links.start();
  }

  /** Tells that the peer has (part of) a torrent, and who else has it. */
  announce(request: AnnounceRequest, signal?: AbortSignal): Promise<AnnounceReply> {
    const merge = (replies: AnnounceReply[]): AnnounceReply => mergeAnnounces(replies, request.peerCountMax);
    // Whoever takes it considers itself this peer's session tracker: anywhere else it would come back with the next beat.
    const onAnswered = (tracker: KnownTracker): void => this.#links.moveSession(tracker, { hasBeat: false });
    const told = { pattern: TRACKER_PATTERNS.announce, data: request, read: readAnnounce, merge, signal };
    return this.#tell({ ...told, isForSession: true, isRefusalHeard: true, onAnswered });
  }

  /** Tells the session tracker that the peer lives; the reply names the torrents to be announced again. */
  heartbeat(request: HeartbeatRequest, signal?: AbortSignal): Promise<HeartbeatReply> {
    const onAnswered = (tracker: KnownTracker): void => this.#links.moveSession(tracker, { hasBeat: true });
    const patienceMs = request.torrents.length * TRACKER_PATIENCE_TORRENT_MS;
    const about = { pattern: TRACKER_PATTERNS.heartbeat, data: request, hash: undefined, patienceMs };
    return this.#desk.ask({ ...about, read: readHeartbeat, merge: mergeHeartbeats, onAnswered, signal });
  }

  deregister(request: DeregisterRequest, signal?: AbortSignal): Promise<DeregisterReply> {
    const merge = (replies: DeregisterReply[]): DeregisterReply => ({
      wasRegistered: replies.some(({ wasRegistered }) => wasRegistered),
    });
    return this.#tell({ pattern: TRACKER_PATTERNS.deregister, data: request, read: readDeregister, merge, signal });
  }

  putMetadata(request: MetadataPutRequest, signal?: AbortSignal): Promise<MetadataPutReply> {
    const merge = (replies: MetadataPutReply[]): MetadataPutReply => ({ wasNew: replies.some(({ wasNew }) => wasNew) });
    const told = { pattern: TRACKER_PATTERNS.metadataPut, data: request, read: readMetadataPut, merge, signal };
    return this.#tell({ ...told, patienceMs: request.bytes.length * TRACKER_PATIENCE_BYTE_MS });
  }

  /** @returns `isCurrent` only when no newer meaning is known; else `hash` is that one. */
  putName(request: NamePutRequest, signal?: AbortSignal): Promise<NamePutReply> {
    const merge = (replies: NamePutReply[]): NamePutReply =>
      replies.find(({ isCurrent }) => !isCurrent) ?? { isCurrent: true, hash: request.hash };
    return this.#tell({ pattern: TRACKER_PATTERNS.namePut, data: request, read: readNamePut, merge, signal });
  }

  /** Peers of a torrent, each once; nobody has it: an empty list. */
  lookup(request: LookupRequest, signal?: AbortSignal): Promise<LookupReply> {
    const merge = (replies: LookupReply[]): LookupReply => mergeLookups(replies, request.peerCountMax);
    const isUseful = (reply: LookupReply): boolean => reply.peers.length > 0;
    const about = { pattern: TRACKER_PATTERNS.lookup, data: request, hash: request.hash };
    return this.#desk.ask({ ...about, read: readLookup, merge, isUseful, signal });
  }

  /**
   * The metadata of a torrent.
   * @param isGood Checks the bytes against the content id: a tracker that sends others has not answered.
   * @returns null when there is none, or none but bad ones.
   */
  async getMetadata(
    request: MetadataGetRequest,
    isGood: (bytes: Uint8Array) => boolean,
    signal?: AbortSignal,
  ): Promise<Uint8Array | null> {
    let isBad = false;
    const read = (value: unknown): MetadataGetReply => {
      const reply = readMetadataGet(value);
      if (reply.bytes === null || isGood(reply.bytes)) return reply;
      isBad = true;
      throw new ReplyInvalidError('it is the metadata of another torrent');
    };
    const isUseful = ({ bytes }: MetadataGetReply): boolean => bytes !== null;
    const merge = (replies: MetadataGetReply[]): MetadataGetReply => replies.find(isUseful) ?? { bytes: null };
    const about = { pattern: TRACKER_PATTERNS.metadataGet, data: request, hash: request.hash };
    try {
      const question = { ...about, read, merge, isUseful, isFirstEnough: true, signal };
      return (await this.#desk.ask(question)).bytes;
    } catch (error) {
      if (isBad && !(error instanceof ReportedError) && signal?.aborted !== true) return null;
      throw error;
    }
  }

  /** What a name means. @throws the report `name_unknown` */
  getName(request: NameGetRequest, signal?: AbortSignal): Promise<NameGetReply> {
    return this.#desk.ask({
      pattern: TRACKER_PATTERNS.nameGet,
      data: request,
      hash: undefined,
      read: readNameGet,
      merge: (replies) => newestName(replies) as NameGetReply,
      isUseful: () => true,
      failure: (failures) => nameFailure(failures, (address) => this.#book.find(address)?.isConnected === true),
      signal,
    });
  }

  /** A ticket to show to other peers. @throws besides, the report `rpc_unknown_command` where trackers are older */
  ticket(request: TicketRequest, signal?: AbortSignal): Promise<TicketReply> {
    const merge = ([reply]: TicketReply[]): TicketReply => reply as TicketReply;
    const about = { pattern: TRACKER_PATTERNS.ticket, data: request, hash: undefined };
    return this.#desk.ask({ ...about, read: readTicket, merge, isUseful: () => true, isFirstEnough: true, signal });
  }

  /** One page of all torrents, in the order of their content ids. */
  list(request: TorrentListRequest, signal?: AbortSignal): Promise<TorrentListReply> {
    const merge = (replies: TorrentListReply[]): TorrentListReply =>
      mergeLists(replies, { countMax: request.countMax, requests: 'by-all' });
    const about = { pattern: TRACKER_PATTERNS.torrentList, data: request, hash: undefined };
    return this.#desk.ask({ ...about, read: readTorrentList, merge, isUseful: () => true, signal });
  }

  /** Each known tracker's state, those that were named first, in that order. One known by two addresses is shown once. */
  views(): TrackerView[] {
    const session = this.#links.session;
    return this.#book.distinct.map((tracker) => {
      const view = this.#book.viewOf(tracker);
      return tracker === session ? { ...view, isSession: true } : view;
    });
  }

  /**
   * Calls back with the address of each tracker that has become the session tracker, or is it again over a new connection: it
   * should hear a heartbeat at once, and what it does not know should be announced again. The same of each that serves alone.
   * @returns Ends it.
   */
  onSession(listener: (address: string) => void): () => void {
    this.#sessionListeners.add(listener);
    return () => void this.#sessionListeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#members.stop();
    this.#notices?.stop();
    this.#links.stop();
    await Promise.all(this.#book.all.map((tracker) => tracker.close()));
  }

  #tell<R extends ClusterHints, D extends { readonly hash: Uint8Array }>(
    question: Omit<Question<R>, 'hash' | 'data'> & { readonly data: D },
  ): Promise<R> {
    return this.#desk.ask({ ...question, hash: question.data.hash });
  }

  #onUp(tracker: KnownTracker): void {
    this.#members.ask(tracker);
    this.#notices?.watch(tracker);
    this.#links.settle();
  }

  #onDown(tracker: KnownTracker): void {
    // One nobody named that wants nothing to do with us is left alone: it may be of another cluster by now.
    if (tracker.isRefusing && !tracker.isSeed) this.#book.drop(tracker);
    this.#links.onDown(tracker);
  }

  #tellSession(tracker: KnownTracker): void {
    if (this.#isClosed) return;
    for (const listener of this.#sessionListeners) listener(tracker.name);
  }
}
