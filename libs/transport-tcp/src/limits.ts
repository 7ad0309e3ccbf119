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

/** Trackers one set talks to; each is a connection and a share of every question. */
export const TRACKERS_MAX = 64;

/** One question to all trackers, answered or given up. */
export const TRACKER_TIMEOUT_MS = 5_000;

/** After the first useful answer to a question the others get so long to add theirs: some round trips in a data centre. */
export const TRACKER_READ_GRACE_MS = 250;

/** The same for what trackers are told: each shall know it, so the wait is longer; it costs the user nothing. */
export const TRACKER_WRITE_GRACE_MS = 1_500;
