import type { HostPort } from '@panal/runtime';

/**
 * `refused`: the machine says that nothing listens there, so no process lives at that address.
 * `unreachable`: no answer in time, no route, no such host; says nothing about the process.
 */
export type DialbackOutcome = 'reachable' | 'refused' | 'unreachable';

/** Tries whether something listens at an address. Sends nothing. */
export interface Dialback {
  /** Never rejects, and ends within `timeoutMs`. */
  dial(address: HostPort, timeoutMs: number): Promise<DialbackOutcome>;
}
