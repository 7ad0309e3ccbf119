import type { Clock, Random, Timers } from '@panal/runtime';
import type { HybridClock } from '@panal/wire';

/** What RPC takes from the world. */
export interface RpcPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Nonces and jitter: the machine's own generator outside tests. */
  readonly random: Random;
  /** One for the whole process, so that its stamps grow over all its connections. */
  readonly hybridClock: HybridClock;
}
