// Limits on what one tracker holds and does. Those of the messages are in @panal/wire.

/** Peer entries of one tracker, copies for others included: at 110 bytes an entry, 1.1 GB. */
export const PEER_ENTRIES_MAX = 10_000_000;

/** Peers of one tracker. A lease is estimated at 2 KB with its addresses: 40 MB. */
export const PEERS_MAX = 20_000;

/** Torrents of one tracker, whether shared now, named or only described. A row costs 690 bytes (measured): 140 MB. */
export const TORRENTS_MAX = 200_000;

/** All torrent files together: the share of memory a tracker of 1 GiB can give them. */
export const METADATA_TOTAL_BYTES_MAX = 256 * 1024 * 1024;

/** Names with their histories, at most NAME_HISTORY_MAX + 1 records each; estimated at 300 bytes a record: 60 MB. */
export const NAME_RECORDS_MAX = 200_000;

/** A peer silent for this long is gone. Heartbeats come three times as often, so two in a row may be lost. */
export const PEER_TTL_MS = 90_000;

/** Below this the heartbeats of a busy cluster cost more than they tell. */
export const PEER_TTL_MS_MIN = 1_000;

/** A torrent file nobody shares, names or asks for is kept for this long. */
export const METADATA_TTL_MS = 24 * 60 * 60_000;

/** Dial-backs at the same time: a tracker must not look like a port scan, nor hold many half-open sockets. */
export const DIALBACKS_MAX = 16;

/** Dial-backs that wait. At 16 at once and 3 s each the last of them still starts within 13 minutes in the worst case. */
export const DIALBACK_QUEUE_MAX = 4_096;

/** How long one dial-back may take: a machine on the same network answers within milliseconds. */
export const DIALBACK_TIMEOUT_MS = 3_000;

/** A peer that could not be dialled is tried again not sooner than this, when it is heard from. */
export const DIALBACK_RETRY_MS = 15_000;

/** Heartbeats in one life of a peer: with 3, two may be lost in a row. */
export const HEARTBEATS_PER_TTL = 3;

/** A claim to a living peer's name or id makes the tracker dial that peer, not more often than this. */
export const CLAIM_PROBE_INTERVAL_MS = 1_000;

/**
 * A peer record and an entry are served for so many silent times of a peer without a newer one. That is for peers whose
 * tracker died with them: a living tracker ends a silent peer after one. Longer means fewer writes.
 */
export const ENTRY_LIVES_OF_PEER = 10;

/** Entries are written again when this part of their life is over: two refreshes in a row may be lost. */
export const REFRESHES_PER_LIFE = 3;

/** Keepers of a slot asked one after another when this tracker does not keep it: the owners and two stand-ins. */
export const KEEPERS_ASKED_MAX = 5;

/** Peers of a torrent taken for one handout while those near the asker are few: enough to find some, and 0.1 ms. */
export const HANDOUT_CANDIDATES_MAX = 400;

/** Candidates near the asker for each peer it wants: enough to choose from, unless the policy says otherwise. */
export const HANDOUT_CHOICE = 2;

/** Peers whose holder was dialled lately because of a claim; 100 bytes each. */
export const CLAIM_PROBES_REMEMBERED_MAX = 1_000;

/** A description may come before the entry it belongs to; until then nobody tidies it away. */
export const DESCRIPTION_GRACE_MS = 60_000;

/** Torrents looked at in one maintenance for having become useless: a millisecond. */
export const TIDY_LOOKS_MAX = 2_000;

/** Keys of clients, revoked ones included for a while; 1 KB each, in memory and on disk. */
export const KEYS_MAX = 10_000;

/** A tracker that hears no other for so long after its start decides about keys by what it has itself. */
export const KEYS_PATIENCE_MS = 10_000;

/** Keys sealed anew, or forgotten, in one maintenance: all of them within half a minute. */
export const KEYS_RESEALED_MAX = 500;

/** A revoked key is listed for so long, three times the longest absence after which a tracker is let in again. */
export const REVOKED_KEYS_LIFE_MS = 30 * 24 * 60 * 60_000;

/** Ids of which the hex is kept, a power of two; 160 bytes each at most: 700 KB. More than are announced within a second or two. */
export const HEX_MEMO_SIZE = 4_096;
