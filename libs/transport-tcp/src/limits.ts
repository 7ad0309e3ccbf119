/** How long a refused caller may take to read why, before the socket is destroyed. */
export const LINGER_TIMEOUT_MS = 1_000;

/** TCP and TLS connection setup: longer than one lost SYN and its retransmissions after 1 s and 3 s. */
export const CONNECT_TIMEOUT_MS = 5_000;

/** Connections one RPC server holds. Each costs about 20 KiB and a descriptor; a tracker serves some thousand peers. */
export const RPC_CONNECTIONS_MAX = 8_192;

/** Connections still in their handshake. Beyond it the oldest goes: garbage never keeps a real client out. */
export const RPC_HANDSHAKES_MAX = 512;

/** Requests one connection may have open. Both sides hold to it, so only a faulty client meets `rpc_busy` from a server. */
export const RPC_IN_FLIGHT_MAX = 1_024;

/**
 * Bytes of replies waiting for a client that does not read; then it is dropped. Sixteen of the largest replies (1 MiB of
 * metadata each) may queue for a slow but honest one.
 */
export const RPC_OUT_QUEUE_BYTES_MAX = 16 * 1024 * 1024;

/** Frames gathered until then are sealed and written at once, without waiting for the end of the loop turn. */
export const RPC_GATHER_BYTES_MAX = 256 * 1024;

/** A client that heard nothing for so long asks whether the server is there. Below the idle times of usual NATs (60 s). */
export const RPC_PING_INTERVAL_MS = 20_000;

/** Nothing heard for so long: the other side is gone. Two pings may be lost on the way. */
export const RPC_IDLE_TIMEOUT_MS = 60_000;

/** What a closing server grants to requests it already took. Docker kills 10 s after it asked a container to stop. */
export const RPC_DRAIN_TIMEOUT_MS = 5_000;

/** A call without a time limit of its own. Trackers answer in milliseconds; a minute would hide a dead one. */
export const RPC_TIMEOUT_MS = 10_000;

/** First wait before a new attempt to connect: a restarting server is back within a second. */
export const RECONNECT_FIRST_MS = 250;

/** Longest wait between attempts: a tracker that comes back is found again in a quarter of a minute. */
export const RECONNECT_MAX_MS = 15_000;

/** A connection that lived so long was a good one: the next wait starts from the first again. */
export const RECONNECT_RESET_MS = 10_000;

/** Trackers a user may name. Any one of a cluster knows the others, so this is room for mistakes, not a need. */
export const TRACKERS_MAX = 64;

/** One question, answered by any tracker or given up. */
export const TRACKER_TIMEOUT_MS = 5_000;

/**
 * Silence after which a question goes to one more tracker. Far above what a healthy one takes (milliseconds), and low enough
 * that the answer of the second is there 300 ms after the question.
 */
export const TRACKER_HEDGE_MS = 250;

/** What a byte of a large message may take on top: a megabyte takes a second where 10 Mbit/s are shared. */
export const TRACKER_PATIENCE_BYTE_MS = 0.001;

/** The same for a torrent in a heartbeat, 50 bytes and a look at the tables of the tracker. */
export const TRACKER_PATIENCE_TORRENT_MS = 0.1;

/** Trackers that work on one question at a time: two may be hung at once, as two may die at once. */
export const TRACKER_ASKED_MAX = 3;

/**
 * Steps of TRACKER_HEDGE_MS before a question goes to a tracker that was silent lately. When all of them are, the cluster is
 * loaded rather than dead, and every question asked twice would load it more.
 */
export const TRACKER_DOUBTED_STEPS = 4;

/** A tracker that let a question wait is not asked first for so long, in the beginning ... */
export const TRACKER_DOUBT_FIRST_MS = 2_000;

/** ... and each time twice as long, up to this: a hung one costs a question in a quarter of a minute its hedge. */
export const TRACKER_DOUBT_MAX_MS = 15_000;

/** Connections kept at all times: that of the session, and a spare to move to at once. */
export const TRACKER_WARM_COUNT = 2;

/** Connections one set opens of its own accord, for the sake of the owners of what it asks about. */
export const TRACKER_LINKS_MAX = 8;

/** Attempts to connect at a time: with more addresses than this dead, the rest waits for its turn. */
export const TRACKER_DIALS_MAX = 8;

/** A connection nobody used for so long is closed, when it is not one of those that are kept. */
export const TRACKER_IDLE_MS = 120_000;

/** Who lost a tracker and has another looks for a new spare after up to so long: thousands lost it at the same moment. */
export const TRACKER_CALM_MS = 2_000;

/** So often, give or take a quarter, the members of the cluster are asked for. They are also asked for when they change. */
export const TRACKER_MEMBERS_INTERVAL_MS = 60_000;

/** A tracker that could not tell its members, because it has just started, is asked again after so long or a bit less. */
export const TRACKER_MEMBERS_RETRY_MS = 2_000;

/** A tracker that ended the stream of its revocations while the connection goes on is asked again after so long or a bit less. */
export const TRACKER_NOTICES_RETRY_MS = 2_000;

/** Replies that tell of newer members bring the question for them no more often than this. */
export const TRACKER_MEMBERS_PAUSE_MS = 1_000;

/**
 * At each of these intervals one in so many sets draws its session anew, so that trackers that came back or were added get
 * their share of the heartbeats within a quarter of an hour.
 */
export const TRACKER_SESSION_ODDS = 15;

/** A member that left the list is still tried, last of all, for so long: the list may come from a tracker that was cut off. */
export const TRACKER_FORGET_MS = 3_600_000;

/** Learned trackers that are kept for the next start. */
export const TRACKERS_REMEMBERED_MAX = 64;

/** Torrents whose owners are known; 200 bytes each. What falls out is asked of the session tracker. */
export const OWNERS_CACHED_MAX = 4_096;

/** Of trackers that serve alone: after the first useful answer the others get so long to add theirs, some round trips. */
export const TRACKER_READ_GRACE_MS = 250;

/** The same for what such trackers are told: each shall know it, so the wait is longer; it costs the user nothing. */
export const TRACKER_WRITE_GRACE_MS = 1_500;

/** Refused handshakes one address may have at once before it is shut out: a machine full of peers that have an old key. */
export const REFUSALS_MAX = 32;

/** One more is forgiven after so long. A peer that is refused for good tries every 15 s. */
export const REFUSAL_RECOVERY_MS = 1_000;

/** Addresses whose refusals are remembered, 200 bytes each; past it the one that failed longest ago begins anew. */
export const REFUSAL_SOURCES_MAX = 4_096;

/** Refusals written to the log one after the other ... */
export const REFUSAL_LOG_BURST = 10;

/** ... and then one in so long, with the number of those left out: 10 a minute fill no disk. */
export const REFUSAL_LOG_INTERVAL_MS = 6_000;
