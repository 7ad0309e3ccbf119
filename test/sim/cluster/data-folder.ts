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
  /** The mark that a crash cannot take back. */
  #keptMark = 0;
  #waiting: { readonly stamp: number; readonly run: () => void }[] = [];

  constructor(
    private readonly world: NodeWorld,
    private readonly options: { readonly forgetsClock: boolean },
  ) {
    const known = world.disk.read(IDENTITY_FILE).at(-1);
    this.id = known?.toString() ?? world.random.bytes(16).toString('hex');
    if (known === undefined) world.disk.rewrite(IDENTITY_FILE, [Buffer.from(this.id)]);
    const mark = options.forgetsClock ? undefined : world.disk.read(CLOCK_FILE).at(-1);
    this.#keptMark = mark === undefined ? 0 : mark.readDoubleBE(0);
    this.hybridClock = new HybridClock(this.#keptMark);
    world.sync(() => undefined);
  }

  /** Calls back once the mark on the disk is beyond the stamp: nobody sees a record before that. */
  whenKept(stamp: number, run: () => void): void {
    if (this.options.forgetsClock || stamp <= this.#keptMark) return run();
    this.#waiting.push({ stamp, run });
    this.keepClock();
  }

  /** Keeps the mark ahead of every stamp. */
  keepClock(): void {
    const nowMs = this.world.clock.nowMs();
    const isFar = this.#mark - nowMs * STAMPS_PER_MS >= (MARK_AHEAD_MS / 2) * STAMPS_PER_MS;
    if (isFar && this.hybridClock.last + (MARK_STEP_MS / 2) * STAMPS_PER_MS <= this.#mark) return;
    const ahead = Math.floor(nowMs + MARK_AHEAD_MS) * STAMPS_PER_MS;
    this.#mark = Math.max(ahead, this.hybridClock.last + MARK_STEP_MS * STAMPS_PER_MS);
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(this.#mark, 0);
    this.world.disk.rewrite(CLOCK_FILE, [bytes]);
    const mark = this.#mark;
    this.world.sync(() => this.#kept(mark));
  }

  #kept(mark: number): void {
    this.#keptMark = Math.max(this.#keptMark, mark);
    const ready = this.#waiting.filter(({ stamp }) => stamp <= this.#keptMark);
    this.#waiting = this.#waiting.filter(({ stamp }) => stamp > this.#keptMark);
    for (const { run } of ready) run();
  }
}
