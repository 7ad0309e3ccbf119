/** Bounds of the record log, each with its reason. */

const KIB = 1024;
const MIB = 1024 * KIB;

/** Soft records wait this long for company: ten commits a second cost little, and a tenth of a second of soft state is heard again. */
export const SOFT_COMMIT_DELAY_MS = 100;

/** One commit. A durable record waits for the commit before its own: this much goes to a slow disk (20 MB/s) in 0.1 s. */
export const COMMIT_SIZE_BYTES_MAX = 2 * MIB;

/**
 * What waits for the disk, at most: half a million records, 45 s of 11,000 writes a second. More would take the memory of the
 * table it comes from; what does not fit is left out and read from the table again when the disk is back.
 */
export const QUEUE_SIZE_BYTES_MAX = 64 * MIB;

/** From here on the owner is told to slow down: a quarter, so that there is room for what is on its way already. */
export const QUEUE_PRESSURE_BYTES = 16 * MIB;

/** Pressure is over at half of where it began, so that it does not flap. */
export const QUEUE_RELIEF_BYTES = QUEUE_PRESSURE_BYTES / 2;

/** After a failed commit the same one is tried again this much later: full disks are emptied by people. */
export const RETRY_INTERVAL_MS = 1000;

/** How far ahead of the time the persisted clock mark is: stamps up to it may be given out without another write. */
export const CLOCK_MARK_AHEAD_MS = 5000;

/** A clock that runs ahead of the wall moves by its counter only, 4096 stamps a millisecond: this is 4 million of them. */
export const CLOCK_MARK_STEP_MS = 1000;

/** The state file is written this often: half of what the clock mark is ahead, so that one failed write does no harm. */
export const STATE_INTERVAL_MS = 2500;

/** Known members kept for the next start. A few live ones are enough to find all others. */
export const MEMBERS_KEPT_MAX = 256;

/** The state file: 256 addresses of at most 260 bytes are 66 KiB. */
export const STATE_SIZE_BYTES_MAX = MIB;

/** Corrupt stores kept aside for a look; older ones are removed, since they take as much disk as the store itself. */
export const CORRUPT_KEPT_MAX = 3;

/** Records looked at in one sweep for what is over: 20 ms of the store's thread. */
export const SWEEP_RECORDS = 20_000;

/** A sweep through everything starts this often at most. */
export const SWEEP_PASS_MS = 60_000;

/** Records travel from the reader in frames of about this size: 600 records, a millisecond of this thread. */
export const READ_FRAME_BYTES = 64 * KIB;

/** One frame at most: the largest record and what surrounds it. */
export const READ_FRAME_BYTES_MAX = 2 * MIB;

/** Restoring gives way to the rest of the process after this long. */
export const LOAD_SLICE_MS = 10;

/** More records than this that fail their checksum are no accident of single bytes: the store counts as corrupt. */
export const DAMAGED_RECORDS_MAX = 1000;

/** What the reader says on its error output before it dies; the end of it goes into the log. */
export const READER_COMPLAINT_BYTES_MAX = 4 * KIB;

/** A store needs this much to be opened: its lock file is mapped, and touching a page the disk has no room for ends the process. */
export const FREE_SPACE_BYTES_MIN = 256 * KIB;

/** A store that fails this often in a row with an error of its own, not of the system, counts as corrupt. */
export const STORE_FAILURES_MAX = 3;

/** Read again from the table in one go, when the log had to leave records out: 2000 records, some milliseconds of this thread. */
export const REFILL_SIZE_BYTES = 256 * KIB;

/**
 * A tracker that was away for more than this part of a durable tombstone's life may hold what was deleted meanwhile, and the
 * tombstone is gone. The rest of the life is for clocks that differ and for the join itself.
 */
export const STALE_LIFE_PART = 0.9;
