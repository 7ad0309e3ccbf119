/**
 * Versions of the protocol this build speaks. Version 2 brought clusters of trackers, version 3 cordons and snapshots of
 * trackers, keys of clients and tickets of peers. Version N talks to N-1:
 * - The hello carries the range of both sides; the highest common version is agreed for the connection.
 * - Every message, field and hello part has the version that brought it, `@since N` in its comment; without one it is 1.
 * - A sender leaves out what is newer than the agreed version (`message-versions.ts`); a receiver ignores fields it does not know, so a new field
 *   is always optional and its absence means what an older sender means by it.
 * - Hello messages only ever grow at their end; the version range stays where it is in all versions to come, so that even
 *   two builds with nothing in common can tell which of them is too old.
 */
export const PROTOCOL_VERSION = 3;

/** The oldest version this build still speaks. */
export const PROTOCOL_VERSION_MIN = 1;

/** Versions from `min` to `max`, both included; each fits 16 bits. */
export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

export const SUPPORTED_VERSIONS: VersionRange = { min: PROTOCOL_VERSION_MIN, max: PROTOCOL_VERSION };

/** What a build that may speak `max` at most says of itself: for upgrades step by step, and the way back. */
export function versionsUpTo(max: number): VersionRange {
  return { min: Math.min(PROTOCOL_VERSION_MIN, max), max: Math.min(PROTOCOL_VERSION, max) };
}

/** The highest version both ranges have, or undefined where they do not meet. */
export function agreeVersion(ours: VersionRange, theirs: VersionRange): number | undefined {
  const version = Math.min(ours.max, theirs.max);
  return version >= Math.max(ours.min, theirs.min) ? version : undefined;
}
