import { RPC_IN_FLIGHT_MAX, RPC_OUT_QUEUE_BYTES_MAX } from '../limits.js';

/** Trackers stand close to each other: beyond one lost SYN and its retransmission after 1 s there is no way. */
const LINK_CONNECT_TIMEOUT_MS = 3_000;

/** The handshake and the first messages, together: some round trips, and a tracker that collects garbage. */
const LINK_HANDSHAKE_TIMEOUT_MS = 5_000;

/** A request without a time limit of its own. */
const LINK_TIMEOUT_MS = 5_000;

/** A side that was quiet for so long sends a sign of life. */
const LINK_BEAT_INTERVAL_MS = 3_000;

/** Nothing heard for so long: the way to the other side is cut. Four beats; death itself is noticed earlier, by gossip. */
const LINK_IDLE_TIMEOUT_MS = 12_000;

/** A link that nobody needs is closed when nothing used it for so long: joins and crossed dials leave some behind. */
const LINK_SURPLUS_TIMEOUT_MS = 30_000;

/** First wait before a link is made anew: what waits meanwhile is late by that much. */
const LINK_REDIAL_FIRST_MS = 100;

/** Longest wait between attempts: parts of a cluster that were cut off find each other within seconds. */
const LINK_REDIAL_MAX_MS = 5_000;

/** A link that lived so long was a good one: the next wait is the first again. */
const LINK_REDIAL_RESET_MS = 10_000;

/** Trackers and addresses known to the links: the largest cluster planned for is 200, and addresses tried in vain go away. */
const LINK_NEIGHBOURS_MAX = 1_024;

/** Accepted connections, handshakes included: two for each of 200 trackers, and as many again while they restart. */
const LINK_CONNECTIONS_MAX = 1_024;

/** Connections in their handshake: all members of a large cluster at once. Beyond it the oldest goes. */
const LINK_HANDSHAKES_MAX = 256;

/** Links with one tracker: one dialled from each side, and one more each through another of its names. */
export const LINKS_PER_NEIGHBOUR_MAX = 4;

/** Names looked up for datagrams and remembered: one for each member, and some that left. */
export const ADDRESS_CACHE_MAX = 512;

/** So long an address of a name is used without asking again: a container that moved is found soon. */
export const ADDRESS_FRESH_MS = 10_000;

/** Datagrams that wait while a name is looked up for the first time. More are dropped, as datagrams may be. */
export const ADDRESS_WAITING_MAX = 32;

/** Ports tried for one that is free for TCP and UDP alike, when any port will do. */
export const LISTEN_ATTEMPTS_MAX = 20;

/** Bounds of the links of one tracker. */
export interface LinkLimits {
  /** Setting up a connection, in ms. */
  readonly connectTimeoutMs: number;
  /** The handshake and the first message, in ms. */
  readonly handshakeTimeoutMs: number;
  /** A request that names no limit of its own, in ms. */
  readonly timeoutMs: number;
  /** Requests open at once, to one tracker and from one tracker each; beyond it they fail with `rpc_busy`. */
  readonly inFlightMax: number;
  /** Bytes waiting for one tracker, linked or not yet; beyond it they are dropped, and the link with them. */
  readonly outQueueBytesMax: number;
  /** How often links are looked after, in ms; a side that was quiet meanwhile sends a sign of life. */
  readonly beatIntervalMs: number;
  /** A link on which nothing was heard for so long is dropped, in ms. */
  readonly idleTimeoutMs: number;
  /** A link that nobody needs is closed after so long without a message, in ms. */
  readonly surplusTimeoutMs: number;
  /** Wait before the first new attempt, in ms; doubled at each failure. */
  readonly redialFirstMs: number;
  /** Longest wait between attempts, in ms. */
  readonly redialMaxMs: number;
  /** A link that lived so long counts as a success, in ms. */
  readonly redialResetMs: number;
  /** Trackers and addresses known at once. */
  readonly neighbourCountMax: number;
  /** Accepted connections, handshakes included. A further one is closed at once. */
  readonly connectionsMax: number;
  /** Accepted connections in their handshake. A further one displaces the oldest. */
  readonly handshakesMax: number;
}

export const LINK_LIMITS: LinkLimits = {
  connectTimeoutMs: LINK_CONNECT_TIMEOUT_MS,
  handshakeTimeoutMs: LINK_HANDSHAKE_TIMEOUT_MS,
  timeoutMs: LINK_TIMEOUT_MS,
  inFlightMax: RPC_IN_FLIGHT_MAX,
  outQueueBytesMax: RPC_OUT_QUEUE_BYTES_MAX,
  beatIntervalMs: LINK_BEAT_INTERVAL_MS,
  idleTimeoutMs: LINK_IDLE_TIMEOUT_MS,
  surplusTimeoutMs: LINK_SURPLUS_TIMEOUT_MS,
  redialFirstMs: LINK_REDIAL_FIRST_MS,
  redialMaxMs: LINK_REDIAL_MAX_MS,
  redialResetMs: LINK_REDIAL_RESET_MS,
  neighbourCountMax: LINK_NEIGHBOURS_MAX,
  connectionsMax: LINK_CONNECTIONS_MAX,
  handshakesMax: LINK_HANDSHAKES_MAX,
};
