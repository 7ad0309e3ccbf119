import { isHybridTime } from '@panal/wire';

/** Whose records they are. */
export interface LogIdentity {
  /** 32 hex digits. */
  readonly trackerId: string;
  readonly clusterName: string;
  /** Tells clusters of one name apart, and is no secret. */
  readonly clusterFingerprint: string;
}

/** What a tracker must know after a restart, beside its records. */
export interface FolderState extends LogIdentity, StandingOrders {
  readonly format: number;
  /** Starts so far, this one included: processes that began with the same folder, or a copy of it, are told apart by it. */
  readonly startCount: number;
  /** Hybrid stamp; no stamp above it was given out. */
  readonly clockMark: number;
  /** Wall clock, ms since 1970, when the tracker was last known to run; 0 before it ever did. */
  readonly lastAliveMs: number;
  /** Where the members known last were, as `HOST:PORT`. */
  readonly members: readonly string[];
  /** While soft records are not synced: the boot of the system they are written in. Empty: nothing is at stake. */
  readonly unsyncedBoot: string;
}

/** What the tracker was told to be, and by whom last. Absent in folders of earlier releases, which pass them by. */
export interface StandingOrders {
  /** Highest fencing token it was shown; orders with a lower one are refused. Absent: none. */
  readonly fence?: number;
  readonly isCordoned?: boolean;
}

export function firstState(identity: LogIdentity, format: number): FolderState {
  return { format, ...identity, startCount: 0, clockMark: 0, lastAliveMs: 0, members: [], unsyncedBoot: '' };
}

export function stateText(state: FolderState): string {
  return `${JSON.stringify(state, undefined, 2)}\n`;
}

/** The format alone: all that an older Panal may read of a newer one's state. `undefined`: this is no state. */
export function parseFormat(text: string): number | undefined {
  const format = parseObject(text)?.['format'];
  return Number.isSafeInteger(format) && (format as number) > 0 ? (format as number) : undefined;
}

/** `undefined` where it is not what `stateText` wrote. */
export function parseState(text: string): FolderState | undefined {
  const value = parseObject(text);
  return value !== undefined && isState(value) ? (value as unknown as FolderState) : undefined;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    // What is no JSON is no state: the caller decides what that means.
    return undefined;
  }
}

function isState(value: Record<string, unknown>): boolean {
  const { format, startCount, clockMark, lastAliveMs, members } = value;
  const { trackerId, clusterName, clusterFingerprint, unsyncedBoot } = value;
  const { fence = 0, isCordoned = false } = value;
  return (
    [format, startCount, lastAliveMs, clockMark].every((each) => typeof each === 'number' && isHybridTime(each)) &&
    [trackerId, clusterName, clusterFingerprint, unsyncedBoot].every((each) => typeof each === 'string') &&
    Number.isSafeInteger(fence) &&
    typeof isCordoned === 'boolean' &&
    Array.isArray(members) &&
    members.every((each) => typeof each === 'string')
  );
}
