import type { Clock } from '@panal/runtime';

/** Who this tracker is. */
export interface TrackerSelf {
  /** 32 hex digits. */
  readonly id: string;
  readonly name: string;
  /** Release of Panal. */
  readonly version: string;
  uptimeMs(): number;
}

export const TRACKER_SELF = Symbol('TRACKER_SELF');

export function makeTrackerSelf(self: Omit<TrackerSelf, 'uptimeMs'>, clock: Clock): TrackerSelf {
  const startedAtMs = clock.monotonicMs();
  return { ...self, uptimeMs: () => Math.floor(clock.monotonicMs() - startedAtMs) };
}
