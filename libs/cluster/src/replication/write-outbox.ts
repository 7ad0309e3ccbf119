import type { Clock } from '@panal/runtime';
import type { TrackerId } from '../record.js';
import { APPLY_BATCHES_MAX, BATCH_SIZE_TARGET, INFLIGHT_MESSAGES_MAX } from './limits.js';
import type { Apply } from './replication-message.js';
import type { WriteGroup } from './write-group.js';

interface Gathering {
  readonly to: TrackerId;
  readonly groups: WriteGroup[];
  sizeBytes: number;
}

interface Inflight {
  readonly to: TrackerId;
  readonly sentAtMs: number;
  readonly groups: readonly WriteGroup[];
}

/**
 * Gathers writes into one message for each tracker until the caller flushes, and knows which answer is about which writes.
 * Durable ones go apart: their answer waits for a disk, and others should not.
 */
export class WriteOutbox {
  readonly #soft = new Map<TrackerId, Gathering>();
  readonly #durable = new Map<TrackerId, Gathering>();
  /** Oldest first. */
  readonly #inflight = new Map<number, Inflight>();
  #messageId = 0;

  constructor(
    private readonly clock: Clock,
    private readonly send: (to: TrackerId, message: Apply) => void,
  ) {}

  /** Messages not answered yet. */
  get inflightCount(): number {
    return this.#inflight.size;
  }

  add(to: TrackerId, group: WriteGroup): void {
    const gatherings = group.isDurable ? this.#durable : this.#soft;
    let gathering = gatherings.get(to);
    if (gathering === undefined) gatherings.set(to, (gathering = { to, groups: [], sizeBytes: 0 }));
    gathering.groups.push(group);
    gathering.sizeBytes += group.batch.length;
    if (gathering.sizeBytes < BATCH_SIZE_TARGET && gathering.groups.length < APPLY_BATCHES_MAX) return;
    gatherings.delete(to);
    this.#send(gathering);
  }

  flush(): void {
    for (const gatherings of [this.#soft, this.#durable]) {
      if (gatherings.size === 0) continue;
      for (const gathering of gatherings.values()) this.#send(gathering);
      gatherings.clear();
    }
  }

  /** @returns The groups of a message, in the order of its batches; undefined when it is unknown or not from whom it went to. */
  answered(from: TrackerId, id: number): readonly WriteGroup[] | undefined {
    const inflight = this.#inflight.get(id);
    if (inflight?.to !== from) return undefined;
    this.#inflight.delete(id);
    return inflight.groups;
  }

  /** Expects no more answers to what was sent before, oldest first. Should one come it counts for nothing. */
  forget(beforeMs: number, countMax = INFLIGHT_MESSAGES_MAX): void {
    let left = countMax;
    for (const [id, { sentAtMs }] of this.#inflight) {
      if (sentAtMs >= beforeMs || left === 0) return;
      this.#inflight.delete(id);
      left -= 1;
    }
  }

  #send({ to, groups }: Gathering): void {
    this.#messageId += 1;
    const sentAtMs = this.clock.monotonicMs();
    this.#inflight.set(this.#messageId, { to, groups, sentAtMs });
    if (this.#inflight.size > INFLIGHT_MESSAGES_MAX) this.forget(sentAtMs + 1, 1);
    this.send(to, { kind: 'apply', id: this.#messageId, batches: groups.map(({ batch }) => batch) });
  }
}
