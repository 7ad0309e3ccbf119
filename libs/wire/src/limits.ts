// Every bound on what comes from the network, with the reason for the number. Nothing here is a tuning knob:
// both sides must agree on these, so a change is a change of the protocol.

const KIB = 1024;
const MIB = 1024 * KIB;

// Hello ---------------------------------------------------------------------------------------------------------

/** Payload of one hello message. The largest today is under 300 bytes; the rest is room for fields of later versions. */
export const HELLO_SIZE_MAX = 1024;

/** Id of a client key: 128 random bits. */
export const KEY_ID_SIZE = 16;

/** Tells the secrets apart of which two are valid at once; it need not be hard to forge. */
export const KEY_FINGERPRINT_SIZE = 4;

/** Namespaces of one key. With the longest names of everything, its ticket and the hello around it still fit. */
export const KEY_NAMESPACES_MAX = 8;

/** A ticket: the longest names, KEY_NAMESPACES_MAX namespaces, and 150 bytes of ids, times and keys. */
export const TICKET_SIZE_MAX = 808;

/** Client keys in one page of a list: 1 KiB each at worst stays under one frame. */
export const KEY_LIST_MAX = 1_000;

/** Revoked keys told to a peer at a time: those of one ticket life; 16 KB. */
export const REVOKED_KEYS_MAX = 1_024;

/** What a new key or secret takes once sealed: the longest names and namespaces, as JSON. */
export const SEALED_KEY_SIZE_MAX = 1_536;

/** How long a stranger may take to finish the hello: three messages on the slowest link anyone runs a cluster over. */
export const HELLO_TIMEOUT_MS = 10_000;

/** Cluster names, namespaces and names of nodes: a DNS label and a bit, so that they fit log lines and file names. */
export const IDENTIFIER_SIZE_MAX = 64;

// Records and frames --------------------------------------------------------------------------------------------

/** One envelope. The largest message is 1 MiB of torrent metadata; a full heartbeat (16,384 torrents) is 0.9 MiB. */
export const FRAME_SIZE_MAX = 2 * MIB;

/** One gathered write: two full frames, so that gathering never has to split the largest one. */
export const RECORD_SIZE_MAX = 4 * MIB;

/** Up to here a record is sealed in one buffer: copying it is cheaper than to sign and write its frames one by one. */
export const RECORD_COPY_MAX = 32 * KIB;

// Envelopes and bodies ------------------------------------------------------------------------------------------

/** One part of a pattern; the three of them, with two dots, fit the one-byte length in the header. */
export const PATTERN_PART_SIZE_MAX = 32;

/** Patterns kept parsed. A cluster has a few dozen; a sender that invents more only loses the shortcut. */
export const PATTERN_CACHE_MAX = 1024;

/** Nesting of a body. Ours go to 5; recursion in the decoder must end long before the stack does. */
export const BODY_DEPTH_MAX = 16;

/** Values in a body, keys included: a full heartbeat has 82,000; a value costs up to 60 bytes once decoded. */
export const BODY_VALUES_MAX = 131_072;

/** Key of a map in a body: the longest field name and the longest label key have room. */
export const BODY_KEY_SIZE_MAX = 128;

/** Code of an error: snake_case words. */
export const ERROR_CODE_SIZE_MAX = 64;

/** Message and action of an error, each: some sentences with a path in them. In UTF-16 units; longer ones are cut by the sender. */
export const ERROR_TEXT_SIZE_MAX = 4 * KIB;

// Hybrid clock --------------------------------------------------------------------------------------------------

/**
 * How far ahead of this machine a remote clock may be. Machines under NTP differ by milliseconds; one record from the
 * far future would win every conflict until then.
 */
export const CLOCK_AHEAD_MAX_MS = 10_000;

// Datagrams between trackers --------------------------------------------------------------------------------------

/** One datagram, headers of UDP and IP excluded: below the 1280 bytes that every IPv6 link carries unfragmented. */
export const DATAGRAM_SIZE_MAX = 1200;

/** How far the sender's clock may be off, either way. Wider than trackers' clocks ever are (the hybrid clock takes 10 s). */
export const DATAGRAM_SKEW_MAX_MS = 30_000;

/** Datagrams of one sender that may overtake each other: a second of the busiest gossip. A power of two. */
export const DATAGRAM_WINDOW = 1024;

/** Senders remembered at once, 200 bytes each: 200 trackers, each started anew four times within a minute. */
export const DATAGRAM_SENDERS_MAX = 1024;

// Tracker messages ----------------------------------------------------------------------------------------------

/** Content id: SHA-1 (v1) or SHA-256 (v2, hybrid). */
export const CONTENT_ID_SIZES: readonly number[] = [20, 32];

/** A peer's own id: 128 random bits, or what its data folder and its client key make; see libs/access/src/bound-peer-id.ts. */
export const PEER_ID_SIZE = 16;

/** Addresses of one peer: a machine with more networks than this names the ones that matter. */
export const PEER_ADDRESSES_MAX = 8;

/** Host of an address: the longest DNS name. */
export const HOST_SIZE_MAX = 253;

/** Labels of one peer: what Docker users put on a node, doubled. */
export const PEER_LABELS_MAX = 32;

/** Key or value of a label. */
export const PEER_LABEL_SIZE_MAX = 128;

/** Peers in one handout: more sources than a download can use at once. */
export const HANDOUT_PEERS_MAX = 200;

/** Torrents in one heartbeat: everything a busy peer has; 50 bytes each keep it under one frame. */
export const HEARTBEAT_TORRENTS_MAX = 16_384;

/** Metadata a tracker keeps. Larger metadata is fetched from peers. */
export const METADATA_SIZE_MAX = MIB;

/** Torrents in one page of a list: 1 KiB each at worst stays under one frame. */
export const TORRENT_LIST_MAX = 1000;

/** Display name of a torrent, in UTF-16 units: the longest file name of any common file system. */
export const TITLE_SIZE_MAX = 255;

/** `llm:v3` and the like. */
export const TORRENT_NAME_SIZE_MAX = 128;

/** Names given for one torrent in a list; the rest is found by asking for the name. */
export const TORRENT_NAMES_MAX = 16;

/** Earlier torrents of a name that are remembered. */
export const NAME_HISTORY_MAX = 32;

/** Trackers of one cluster: more than any placement was measured with; 200 bytes each keep the list under 64 KiB. */
export const TRACKER_MEMBERS_MAX = 256;

/** Id of a tracker, in hex digits: 16 bytes. */
export const TRACKER_ID_SIZE = 32;

/** Trackers named as keepers of a torrent: its three owners and two stand-ins. */
export const OWNERS_MAX = 5;

/** Slots in one answer: a page for people, and 200 KB. */
export const SLOT_LIST_MAX = 1_024;
