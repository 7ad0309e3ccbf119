// Numbers of the membership protocol, with the reason for each. Times in ms.

/** Trackers in one cluster. 200 are what was measured; the rest is room for those that come before others have gone. */
export const TRACKERS_MAX = 256;

/** Trackers that are dead or left, remembered so that they are found again, and that old news about them is told from new. */
export const DEPARTED_MAX = 256;

/** How long those are remembered: longer than a night's outage. */
export const DEPARTED_TTL_MS = 24 * 60 * 60_000;

/** Trackers in one message: all that one remembers. About 250 bytes each. */
export const MEMBERS_LISTED_MAX = TRACKERS_MAX + DEPARTED_MAX;

/** News in one datagram; 1200 bytes have room for fewer than 20. */
export const NEWS_COUNT_MAX = 32;

/** Addresses to join that are tried: every task of a service in a DNS answer, and those of the last run. */
export const SEEDS_MAX = 512;

export const WEIGHT_MIN = 0.01;
export const WEIGHT_MAX = 100;

/** Text of a refusal. */
export const EXPLANATION_SIZE_MAX = 500;

// Failure detection. The formulas are those of SWIM with Lifeguard; the times half of what is usual in a data centre.
// See Das et al., "SWIM", 2002; Dadgar et al., "Lifeguard", arXiv 1707.00788; hashicorp/memberlist, config.go.

/** One member is probed so often; the next only when the last answered or its time is over. */
export const PROBE_INTERVAL_MS = 500;

/** Without an answer for this long others are asked to try, and TCP is tried. A healthy network takes a hundredth. */
export const PROBE_TIMEOUT_MS = 250;

/** How many others are asked: all of them fail together 1 in 125 times at 20 % loss each way, beside TCP. */
export const INDIRECT_PROBES = 3;

/** Probes for others in flight at once. At INDIRECT_PROBES for each of TRACKERS_MAX it is a storm already. */
export const RELAYS_MAX = 256;

/** Shortest suspicion: this many probe intervals times log10 of the number of members. */
export const SUSPICION_MULTIPLIER = 4;

/** Longest suspicion, in shortest ones: the time an accused has while nobody else confirms. */
export const SUSPICION_SPREAD = 6;

/** Worst awareness: probes take up to 8 times as long. */
export const AWARENESS_MAX = 7;

/** Lag of the event loop above which this tracker mistrusts its own judgement. */
export const LAG_BAD_MS = 100;

/** A gap between two events above which this process was stopped: no deadline of others runs on meanwhile. */
export const STALL_MS = 250;

/** Dead members are tried so often, so that a healed network is noticed. */
export const REVIVAL_INTERVAL_MS = 5_000;

/** Dead members tried at once. One that answers brings all of its side. */
export const REVIVALS_AT_ONCE = 3;

// Spreading news.

export const GOSSIP_INTERVAL_MS = 200;
export const GOSSIP_FANOUT = 3;

/** News is told this many times, times log10 of the number of members: reaches everyone with 20 % loss. */
export const RETRANSMIT_MULTIPLIER = 4;

/** The newly dead are told so for this long; if they live, they object. */
export const GOSSIP_TO_DEAD_MS = 30_000;

/** Whole lists are exchanged with one member so often: what repairs whatever gossip missed. */
export const EXCHANGE_INTERVAL_MS = 30_000;

/** Not more often than this with members that came back. */
export const EXCHANGE_PAUSE_MS = 500;

/** A stamp further ahead than this is an error of its sender, and could never be refuted. */
export const STAMP_AHEAD_MAX_MS = 24 * 60 * 60_000;

// Joining.

/** A seed that does not answer is tried again after this, then twice that, and so on. */
export const JOIN_RETRY_MS = 1_000;

/** Up to this. Also how often seeds of a cluster that is whole are looked at, so that two clusters meet. */
export const JOIN_RETRY_MAX_MS = 30_000;

/** Without anyone found it is tried at least so often. */
export const JOIN_RETRY_LONELY_MS = 5_000;

/** How long a first tracker waits for seeds to answer before it begins a cluster without them. */
export const DISCOVERY_MS = 10_000;

/** No newcomer for this long: those who start together have found each other. */
export const DISCOVERY_CALM_MS = 1_000;

// Clocks.

/** Samples of another tracker's clock; the one with the shortest way is believed. */
export const CLOCK_SAMPLES = 8;

/** Off the median of all trackers by more than this, a tracker calls itself unhealthy. A fifth of what the hybrid clock takes. */
export const CLOCK_OFFSET_MAX_MS = 2_000;

// Coordinator.

export const COORDINATOR_LEASE_MS = 10_000;
export const COORDINATOR_RENEWAL_MS = 3_000;

/** A younger process does not coordinate, or a flapping one with the highest id would take over again and again. */
export const COORDINATOR_UPTIME_MS = 30_000;

/** Worst awareness of a coordinator. */
export const COORDINATOR_AWARENESS_MAX = 2;

/** Whether a tracker is fit is told at most so often: each time is news for all. */
export const FITNESS_INTERVAL_MS = 3_000;
