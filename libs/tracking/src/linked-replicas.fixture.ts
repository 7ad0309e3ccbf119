import type { ClusterRecord, TrackerId } from '@panal/cluster';
import { type Clock, ManualClock, PanalError, SeededRandom } from '@panal/runtime';
import { decodeEnvelope, encodeFrame, HybridClock, splitFrames } from '@panal/wire';
import { readQuestion } from './questions.js';
import type { Guide, Question, Replicas, WritePromise, WriteReceipt } from './replicas.js';
import { TrackerTable } from './table/tracker-table.js';
import { makeTracking } from './tracking.fixture.js';
import type { Tracking } from './tracking.js';

const LIVES = { softMs: 45 * 60_000, durableTombstoneMs: 10 * 24 * 60 * 60_000 };

class NobodyThereError extends PanalError {
  constructor() {
    super({ code: 'test_away', message: 'It is away.', action: 'Nothing: this is a test.', retryable: true });
  }
}

/** One of several trackers that ask each other: what one is told, it tells those that keep it. */
export class LinkedTracker implements Replicas {
  readonly table: TrackerTable;
  readonly tracking: Tracking;
  /** It answers nobody. */
  isAway = false;
  /** It has just come to its slots: what it holds may not be all. */
  isNew = false;
  /** What it was asked, in this order. */
  readonly questions: Question[] = [];
  /** Instead of what it would answer. */
  garbage: { readonly reply: unknown } | undefined;

  constructor(
    readonly selfId: TrackerId,
    private readonly cluster: LinkedTrackers,
  ) {
    const { clock, hybridClock } = cluster;
    this.table = new TrackerTable({ seed: { low: 1, high: 2 }, lives: LIVES, random: new SeededRandom(7) });
    ({ tracking: this.tracking } = makeTracking({ clock, hybridClock, table: this.table, replicas: this }));
  }

  get promise(): WritePromise {
    return { copies: this.cluster.trackers.length, since: 0 };
  }

  /** Whoever keeps the record and is there has it at once. */
  async write(records: readonly ClusterRecord[]): Promise<WriteReceipt> {
    const { clock, keepers } = this.cluster;
    for (const record of records) {
      for (const keeper of keepers(record.slot)) if (!keeper.isAway) keeper.table.apply(record, clock.nowMs());
    }
    return { copies: this.cluster.trackers.length };
  }

  isAuthoritative(slot: number): boolean {
    return !this.isNew && this.cluster.keepers(slot).includes(this);
  }

  isFirst(slot: number): boolean {
    return this.cluster.keepers(slot)[0] === this;
  }

  keepers(slot: number): readonly TrackerId[] {
    return this.cluster.keepers(slot).flatMap((keeper) => (keeper === this ? [] : [keeper.selfId]));
  }

  others(): readonly TrackerId[] {
    return this.cluster.trackers.flatMap((tracker) => (tracker === this ? [] : [tracker.selfId]));
  }

  guide(): Guide {
    return { owners: [], membersEpoch: 0 };
  }

  async ask(id: TrackerId, question: Question): Promise<unknown> {
    const asked = this.cluster.trackers.find(({ selfId }) => selfId === id);
    if (asked === undefined || asked.isAway) throw new NobodyThereError();
    return asked.#answer(asWired(question));
  }

  #answer(question: unknown): unknown {
    this.questions.push(readQuestion(question));
    return asWired(this.garbage === undefined ? this.tracking.answer(readQuestion(question)) : this.garbage.reply);
  }
}

/** Trackers with tables of their own. Until `keepers` is set each record is kept by all of them. */
export class LinkedTrackers {
  readonly clock: Clock = new ManualClock();
  /** One for all: with every message that passes between them they would learn of each other's. */
  readonly hybridClock = new HybridClock();
  readonly trackers: readonly LinkedTracker[];
  keepers: (slot: number) => readonly LinkedTracker[];

  constructor(count: number) {
    const ids = Array.from({ length: count }, (_, at) => `${at + 1}`.padStart(32, '0'));
    this.trackers = ids.map((id) => new LinkedTracker(id, this));
    this.keepers = () => this.trackers;
  }
}

/** What arrives of it at the other end of a link. */
function asWired(data: unknown): unknown {
  const head = { kind: 'reply', msgId: 1, timestamp: 1, version: 1, endpoint: '', handler: '', command: '' } as const;
  const [frame] = splitFrames(encodeFrame({ ...head, data }));
  return frame === undefined ? undefined : decodeEnvelope(frame).data;
}
