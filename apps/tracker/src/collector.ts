import { setFlagsFromString } from 'node:v8';

/**
 * The young generation is collected by one thread. What lives in it is a few megabytes, work that a tracker can wait for;
 * to share it among threads costs up to a tenth of all its CPU time, in waking them and in memory that moves between cores.
 * @see docs/designs/0009-announces.md
 */
export function collectAlone(): void {
  setFlagsFromString('--no-parallel-scavenge');
}
