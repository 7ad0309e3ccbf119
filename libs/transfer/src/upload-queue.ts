import { UPLOAD_LANES, UPLOADS_MAX, UPLOADS_PER_CONNECTION_MAX } from './limits.js';

/** What became of a request: it waits for its turn, or it was refused and nothing of it is kept. */
export type UploadAdmission = 'accepted' | 'busy' | 'duplicate';

export interface UploadQueueOptions<Connection extends object, Request extends UploadRequest> {
  /**
   * Reads and sends one request. Its lane is free again when the promise settles. `signal` aborts when the request is
   * cancelled or its connection goes; nothing should be sent then.
   */
  readonly serve: (connection: Connection, request: Request, signal: AbortSignal) => Promise<void>;
  /** A request could not be served, and was not cancelled: refuse it. The queue goes on. */
  readonly onFailed: (connection: Connection, request: Request, error: unknown) => void;
  /** Requests served at once. Default UPLOAD_LANES. */
  readonly laneCount?: number;
  /**
   * Lanes one connection may hold. Default all of them: strictly first come, first served. With fewer, a connection
   * that reads slowly waits for itself and not everybody for it; the order within a connection stays.
   */
  readonly laneCountPerConnection?: number;
  /** Requests waiting or served, in all. Default UPLOADS_MAX. */
  readonly requestCountMax?: number;
  /** Requests waiting or served, of one connection. Default UPLOADS_PER_CONNECTION_MAX. */
  readonly requestCountMaxPerConnection?: number;
}

export interface UploadRequest {
  /** Unique among the unanswered requests of its connection. */
  readonly id: number;
}

interface Ticket<Connection, Request> {
  readonly connection: Connection;
  readonly request: Request;
  /** Present while the request is served. */
  lane?: AbortController;
}

interface Holdings<Connection, Request> {
  readonly tickets: Map<number, Ticket<Connection, Request>>;
  laneCount: number;
}

/**
 * Uploads, first come, first served, on a bounded number of lanes. An accepted request is never overtaken by a later one
 * of its connection, nor, unless `laneCountPerConnection` says otherwise, of any. One too many is refused at once: a
 * downloader asks elsewhere sooner than it waits.
 */
export class UploadQueue<Connection extends object, Request extends UploadRequest> {
  readonly #options: Required<UploadQueueOptions<Connection, Request>>;
  readonly #holdings = new Map<Connection, Holdings<Connection, Request>>();
  /** In order of arrival. A Set, because a cancelled ticket leaves from the middle. */
  readonly #waiting = new Set<Ticket<Connection, Request>>();
  #servedCount = 0;

  constructor(options: UploadQueueOptions<Connection, Request>) {
    const laneCount = options.laneCount ?? UPLOAD_LANES;
    this.#options = {
      laneCount,
      laneCountPerConnection: laneCount,
      requestCountMax: UPLOADS_MAX,
      requestCountMaxPerConnection: UPLOADS_PER_CONNECTION_MAX,
      ...options,
    };
  }

  /** Requests waiting or being served. */
  get size(): number {
    return this.#waiting.size + this.#servedCount;
  }

  offer(connection: Connection, request: Request): UploadAdmission {
    const holdings = this.#holdings.get(connection) ?? { tickets: new Map(), laneCount: 0 };
    if (holdings.tickets.has(request.id)) return 'duplicate';
    if (this.size >= this.#options.requestCountMax) return 'busy';
    if (holdings.tickets.size >= this.#options.requestCountMaxPerConnection) return 'busy';
    const ticket = { connection, request };
    holdings.tickets.set(request.id, ticket);
    this.#holdings.set(connection, holdings);
    this.#waiting.add(ticket);
    this.#fillLanes();
    return 'accepted';
  }

  /** Forgets a request that waits, aborts one that is being served. False: it is not here (any more). */
  cancel(connection: Connection, requestId: number): boolean {
    const ticket = this.#holdings.get(connection)?.tickets.get(requestId);
    if (ticket === undefined) return false;
    if (ticket.lane !== undefined) ticket.lane.abort();
    else this.#forget(ticket);
    return true;
  }

  /** The connection is gone: all its requests are cancelled. */
  drop(connection: Connection): void {
    const tickets = this.#holdings.get(connection)?.tickets ?? new Map<number, never>();
    for (const requestId of Array.from(tickets.keys())) this.cancel(connection, requestId);
  }

  // A place for the token buckets of a later issue: a ticket would wait here for its bytes as it waits for its lane.
  #fillLanes(): void {
    if (this.#servedCount >= this.#options.laneCount) return;
    for (const ticket of this.#waiting) {
      const holdings = this.#holdings.get(ticket.connection);
      if (holdings === undefined || holdings.laneCount >= this.#options.laneCountPerConnection) continue;
      this.#waiting.delete(ticket);
      holdings.laneCount += 1;
      this.#servedCount += 1;
      void this.#serve(ticket, holdings);
      if (this.#servedCount >= this.#options.laneCount) return;
    }
  }

  async #serve(ticket: Ticket<Connection, Request>, holdings: Holdings<Connection, Request>): Promise<void> {
    const lane = new AbortController();
    ticket.lane = lane;
    try {
      await this.#options.serve(ticket.connection, ticket.request, lane.signal);
    } catch (error) {
      if (!lane.signal.aborted) this.#options.onFailed(ticket.connection, ticket.request, error);
    } finally {
      holdings.laneCount -= 1;
      this.#servedCount -= 1;
      this.#forget(ticket);
      this.#fillLanes();
    }
  }

  #forget(ticket: Ticket<Connection, Request>): void {
    this.#waiting.delete(ticket);
    const holdings = this.#holdings.get(ticket.connection);
    holdings?.tickets.delete(ticket.request.id);
    if (holdings?.tickets.size === 0) this.#holdings.delete(ticket.connection);
  }
}
