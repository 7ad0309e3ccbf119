import type { Clock } from '@panal/runtime';
import { ClockAheadError, type Envelope, type HybridClock } from '@panal/wire';

/** Stamps what a process sends and takes note of the stamps it gets. One for all connections of the process. */
export class MessageClock {
  constructor(
    private readonly clock: Clock,
    private readonly hybridClock: HybridClock,
  ) {}

  stamp(): Pick<Envelope, 'timestamp' | 'version'> {
    const nowMs = this.clock.nowMs();
    return { timestamp: nowMs, version: this.hybridClock.tick(nowMs) };
  }

  /**
   * A stamp too far ahead is not followed, and the message is served all the same: a machine with a wrong clock may share and
   * fetch, and what is decided by clocks checks them itself.
   * @returns How far ahead the sender is, in ms, when its stamp was not followed.
   */
  observe({ version }: Envelope): number | undefined {
    try {
      this.hybridClock.observe(version, this.clock.nowMs());
      return undefined;
    } catch (error) {
      if (error instanceof ClockAheadError) return error.aheadMs;
      throw error;
    }
  }
}
