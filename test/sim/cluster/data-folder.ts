import type { TrackerId } from '@panal/cluster';
import { HybridClock } from '@panal/wire';
import type { NodeWorld } from '../kernel/host.js';

const IDENTITY_FILE = 'identity';
const CLOCK_FILE = 'clock';
/** The mark on the disk is so far ahead of the wall clock: it is written seldom, and never too late. */
const MARK_AHEAD_MS = 5000;
/** Of stamps that are ahead of the wall themselves it is only so far ahead, or every restart would push them further. */
const MARK_STEP_MS = 1000;
const STAMPS_PER_MS = 4096;

/** Who the tracker is, and how far its stamps may have come: what it finds again when it restarts. */
export class DataFolder {
  readonly id: TrackerId;
  readonly hybridClock: HybridClock;
  #mark = 0;

  constructor(
    private readonly world: NodeWorld,
    options: { readonly forgetsClock: boolean },
  ) {
    const known = world.disk.read(IDENTITY_FILE).at(-1);
    this.id = known?.toString() ?? world.random.bytes(16).toString('hex');
    if (known === undefined) world.disk.rewrite(IDENTITY_FILE, [Buffer.from(this.id)]);
    const mark = options.forgetsClock ? undefined : world.disk.read(CLOCK_FILE).at(-1);
    this.hybridClock = new HybridClock(mark === undefined ? 0 : mark.readDoubleBE(0));
    world.sync(() => undefined);
  }

  /** Keeps the mark ahead of every stamp. The product waits for the disk before it stamps beyond; here the margin does. */
  keepClock(): void {
    const nowMs = this.world.clock.nowMs();
    const isFar = this.#mark - nowMs * STAMPS_PER_MS >= (MARK_AHEAD_MS / 2) * STAMPS_PER_MS;
    if (isFar && this.hybridClock.last + (MARK_STEP_MS / 2) * STAMPS_PER_MS <= this.#mark) return;
    const ahead = Math.floor(nowMs + MARK_AHEAD_MS) * STAMPS_PER_MS;
    this.#mark = Math.max(ahead, this.hybridClock.last + MARK_STEP_MS * STAMPS_PER_MS);
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(this.#mark, 0);
    this.world.disk.rewrite(CLOCK_FILE, [bytes]);
    this.world.sync(() => undefined);
  }
}
