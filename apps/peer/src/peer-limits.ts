import { HEARTBEAT_TORRENTS_MAX } from '@panal/wire';

/** Shares and downloads of one peer: what one heartbeat can name. */
export const TORRENTS_MAX = HEARTBEAT_TORRENTS_MAX;

/** Contents hashed at once. Hashing fills a core each; more would only make the first one late. */
export const HASHING_MAX = 1;

/** Peers asked for at a time. A download keeps the best of them; more would be dialled for nothing. */
export const PEERS_WANTED = 50;

/** Peers asked for a torrent file in one attempt; the next one, a second later, may be handed others. */
export const METADATA_PEERS_MAX = 8;

/** Peers remembered for a torrent file that was none of what was asked for; past it the oldest may lie once more. */
export const METADATA_LIARS_MAX = 256;

/** A download without a source asks the trackers so often at first ... */
export const LOOKUP_FIRST_MS = 500;

/** ... and, each time a third later, so often in the end. It also bounds how late a new source is found. */
export const LOOKUP_MAX_MS = 5_000;

/** A download that is running looks for further sources so often. */
export const LOOKUP_RUNNING_MS = 3_000;

/** Until a tracker says otherwise. */
export const HEARTBEAT_DEFAULT_MS = 10_000;

/** No tracker is asked more often, whatever it says: the shortest life a tracker may be told to give a peer is 1 s. */
export const HEARTBEAT_MIN_MS = 250;

/** And none less often: a torrent that its trackers lost is missing for so long. */
export const HEARTBEAT_MAX_MS = 60_000;

/** Who changes the tracker beats at once, give or take so much: thousands lost the same one in the same moment. */
export const HEARTBEAT_HASTE_MS = 200;

/** What a stopping peer grants to its farewell; the trackers would forget it by themselves. */
export const FAREWELL_TIMEOUT_MS = 1_500;

/** A download waits so long for this peer's first ticket before it says that there is none: a tracker answers in milliseconds. */
export const TICKET_WAIT_MS = 3_000;

/** No tracker gave a ticket: another attempt after so long, up to twice. The ticket there is has five minutes left. */
export const TICKET_RETRY_MS = 5_000;

/** Where the clocks differ so much that a ticket seems to be over at once, it is still asked for no more often than twice in this. */
export const TICKET_LIFE_MIN_MS = 60_000;

/** What stopped a download before it ran (no tracker, an unknown name, a full disk) is looked at again after so long. */
export const RETRY_MS = 1_000;
