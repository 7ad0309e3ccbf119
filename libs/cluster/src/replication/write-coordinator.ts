import type { PanalError } from '@panal/runtime';
import { CLOCK_AHEAD_MAX_MS } from '@panal/wire';
import { type ClusterRecord, purgeAtMs, type TrackerId } from '../record.js';
import type { Refused, Written } from './effects.js';
import { ClusterBusyError, RecordRefusedError, TooFewCopiesError } from './errors.js';
import { COPY_COUNT, PENDING_RECORDS_MAX, RECORD_KEY_SIZE_MAX, RECORD_VALUE_SIZE_MAX, SLOTS_MAX } from './limits.js';
import { batchesOf } from './record-codec.js';
import type { RecordIntake } from './record-intake.js';
import type { ReplicationContext } from './replication-context.js';
import { type PendingWrite, WriteGroup } from './write-group.js';
import type { WriteOutbox } from './write-outbox.js';
import { WriteTargetMap, type WriteTargets } from './write-targets.js';

const STAMPS_PER_MS = 4096;

export interface WriteCoordinatorOptions {
  readonly context: ReplicationContext;
  readonly intake: RecordIntake;
  readonly outbox: WriteOutbox;
  /** Calls `selfHolds` with the group once its records are on disk. @returns False when they are already. */
  readonly waitForDurable: (group: WriteGroup) => boolean;
  readonly answer: (effect: Written | Refused) => void;
}

/**
 * Takes writes and answers each once COPY_COUNT different active trackers have applied all of it. Every owner is sent it at
 * once; whoever is slow or suspected is stood in for by the next of the ranking, who keeps a full copy. Nothing is decided by
 * a majority: any three will do, and comparing slots brings the record to its owners later.
 */
export class WriteCoordinator {
  readonly #targets: WriteTargetMap;
  /** In the order of their start. */
  readonly #pending = new Set<WriteGroup>();
  #recordCount = 0;

  constructor(private readonly options: WriteCoordinatorOptions) {
    this.#targets = new WriteTargetMap(options.context.view);
  }

  /** Records of writes not answered yet. */
  get pendingCount(): number {
    return this.#recordCount;
  }

  write(token: number, records: readonly ClusterRecord[]): void {
    const error = this.#faultOf(records);
    if (error !== undefined) return this.#refuse(token, error);
    const write: PendingWrite = { token, groupsLeft: 0, copies: Number.POSITIVE_INFINITY, isAnswered: false };
    const groups = this.#groupsOf(write, records);
    write.groupsLeft = groups.length;
    for (const group of groups) this.#start(group);
    if (groups.length === 0) this.#finishWrite(write);
  }

  /** A tracker answered. @param refused Places of the batches it did not take. */
  applied(from: TrackerId, id: number, refused: readonly number[]): void {
    const groups = this.options.outbox.answered(from, id);
    if (groups === undefined) return;
    for (let at = 0; at < groups.length; at += 1) {
      const group = groups[at];
      if (group !== undefined && !group.isDone && !refused.includes(at)) this.#holds(group, from);
    }
  }

  /** This tracker has the group on disk. */
  selfHolds(group: WriteGroup): void {
    if (group.isDone) return;
    this.#holds(group, this.options.context.selfId);
    const { clock, options } = this.options.context;
    if (clock.monotonicMs() - group.startedAtMs >= options.writeTimeoutMs) this.#giveUp(group, clock.monotonicMs());
  }

  /** Asks stand-ins for the slow, asks again, and answers what took too long. */
  tick(): void {
    const { clock, options } = this.options.context;
    const nowMs = clock.monotonicMs();
    for (const group of this.#pending) {
      if (group.startedAtMs + options.hedgeMs > nowMs) break;
      if (group.nextAtMs <= nowMs) this.#press(group, nowMs);
    }
    this.options.outbox.forget(nowMs - 2 * options.writeTimeoutMs);
  }

  /** Copies of those who died or restarted count no more, and the new owners are asked at once. @param restarted They may have forgotten. */
  viewChanged(restarted: ReadonlySet<TrackerId>): void {
    const { context } = this.options;
    this.#targets.setView(context.view);
    for (const group of this.#pending) {
      const isLost = (id: TrackerId): boolean => restarted.has(id) || !this.#isKnown(id);
      group.asked = group.asked.filter((id) => !isLost(id));
      group.held = group.held.filter((id) => !isLost(id));
      group.copies = group.held.filter((id) => this.#targets.active.has(id)).length;
      this.#askAll(group, this.#targets.of(group.slot).first);
      this.#finishIfDone(group);
    }
  }

  #faultOf(records: readonly ClusterRecord[]): PanalError | undefined {
    const { clock, options } = this.options.context;
    if (this.#recordCount + records.length > PENDING_RECORDS_MAX) return new ClusterBusyError(PENDING_RECORDS_MAX);
    if (options.policy === 'strict' && this.#targets.active.size < COPY_COUNT)
      return new TooFewCopiesError(0, COPY_COUNT);
    const nowMs = clock.nowMs();
    const stampMax = (nowMs + CLOCK_AHEAD_MAX_MS) * STAMPS_PER_MS;
    for (const record of records) {
      const { key, value, slot, clock: stamp } = record;
      const isSound = key.length > 0 && key.length <= RECORD_KEY_SIZE_MAX && value.length <= RECORD_VALUE_SIZE_MAX;
      if (!isSound || !(slot >= 0 && slot < SLOTS_MAX))
        return new RecordRefusedError('a record is too large, or has no key');
      if (stamp > stampMax) return new RecordRefusedError('its stamp is too far in the future');
      if (purgeAtMs(record, options.lives) <= nowMs) return new RecordRefusedError('its time is over');
    }
    return undefined;
  }

  #groupsOf(write: PendingWrite, records: readonly ClusterRecord[]): readonly WriteGroup[] {
    const [only] = records;
    if (only !== undefined && records.length === 1) return [this.#group(write, records, only)];
    const byTargets = new Map<WriteTargets, { soft: ClusterRecord[]; durable: ClusterRecord[] }>();
    for (const record of records) {
      const targets = this.#targets.of(record.slot);
      let both = byTargets.get(targets);
      if (both === undefined) byTargets.set(targets, (both = { soft: [], durable: [] }));
      both[record.recordClass].push(record);
    }
    const groups: WriteGroup[] = [];
    for (const both of byTargets.values()) {
      for (const some of [both.soft, both.durable]) {
        for (const batch of batchesOf(some)) groups.push(this.#group(write, batch, batch[0] ?? raise()));
      }
    }
    return groups;
  }

  #group(write: PendingWrite, records: readonly ClusterRecord[], first: ClusterRecord): WriteGroup {
    const { clock, options } = this.options.context;
    const isDurable = first.recordClass === 'durable';
    return new WriteGroup(write, records, first.slot, isDurable, clock.monotonicMs(), options.hedgeMs);
  }

  #start(group: WriteGroup): void {
    this.#pending.add(group);
    this.#recordCount += group.records.length;
    this.#askAll(group, this.#targets.of(group.slot).first);
    this.#finishIfDone(group);
  }

  #askAll(group: WriteGroup, ids: readonly TrackerId[]): void {
    for (const id of ids) if (!group.isDone && !group.asked.includes(id)) this.#ask(group, id);
  }

  #ask(group: WriteGroup, id: TrackerId): void {
    const { context, outbox, intake, waitForDurable } = this.options;
    group.asked.push(id);
    if (id !== context.selfId) return outbox.add(id, group);
    const { refusedSlots } = intake.take(group.records);
    if (refusedSlots.length > 0) return;
    if (!group.isDurable || !waitForDurable(group)) this.#holds(group, id);
  }

  #holds(group: WriteGroup, id: TrackerId): void {
    if (group.held.includes(id)) return;
    group.held.push(id);
    if (!this.#targets.active.has(id)) return;
    group.copies += 1;
    this.#finishIfDone(group);
  }

  /** Enough copies; or all that there can be, which the policy permits and the answer tells. */
  #finishIfDone(group: WriteGroup): void {
    const activeCount = this.#targets.active.size;
    const isEnough = group.copies >= COPY_COUNT;
    const isAllThereIs = activeCount > 0 && activeCount < COPY_COUNT && group.copies >= activeCount;
    if (isEnough || (isAllThereIs && this.options.context.options.policy === 'degrade')) this.#finish(group);
  }

  #press(group: WriteGroup, nowMs: number): void {
    const { options, counters } = this.options.context;
    if (nowMs - group.startedAtMs >= options.writeTimeoutMs) return this.#giveUp(group, nowMs);
    const standIn = this.#targets.standIn(group.slot, group.asked);
    if (standIn !== undefined) {
      counters.hedges += 1;
      group.nextAtMs = nowMs + options.hedgeMs;
      return this.#ask(group, standIn);
    }
    group.nextAtMs = Math.min(nowMs + options.retryMs, group.startedAtMs + options.writeTimeoutMs);
    if (nowMs - group.startedAtMs < options.retryMs) return;
    for (const id of group.asked) {
      if (id === this.options.context.selfId || group.held.includes(id)) continue;
      counters.retries += 1;
      this.options.outbox.add(id, group);
    }
  }

  /** Time is up. Under `degrade` a tracker that reached nobody keeps the write itself, as the stand-in of all. */
  #giveUp(group: WriteGroup, nowMs: number): void {
    const { options, selfId } = this.options.context;
    if (options.policy === 'strict') return this.#fail(group);
    if (group.copies > 0) return this.#finish(group);
    const isLast = nowMs - group.startedAtMs >= 2 * options.writeTimeoutMs;
    if (isLast || !this.#targets.active.has(selfId)) return this.#fail(group);
    // One more term for the own disk, if the record is durable.
    group.nextAtMs = group.startedAtMs + 2 * options.writeTimeoutMs;
    if (!group.asked.includes(selfId)) this.#ask(group, selfId);
    if (group.copies > 0) this.#finish(group);
  }

  #finish(group: WriteGroup): void {
    if (!this.#close(group)) return;
    const { write, copies } = group;
    write.groupsLeft -= 1;
    if (copies < write.copies) write.copies = copies;
    if (write.groupsLeft === 0) this.#finishWrite(write);
  }

  #finishWrite(write: PendingWrite): void {
    if (write.isAnswered) return;
    write.isAnswered = true;
    const { counters } = this.options.context;
    const copies = Math.min(write.copies, COPY_COUNT);
    counters.writtenByCopies[copies] = (counters.writtenByCopies[copies] ?? 0) + 1;
    if (copies < COPY_COUNT) counters.degraded += 1;
    this.options.answer({ kind: 'written', token: write.token, copies });
  }

  #fail(group: WriteGroup): void {
    if (!this.#close(group) || group.write.isAnswered) return;
    group.write.isAnswered = true;
    this.#refuse(group.write.token, new TooFewCopiesError(group.copies, COPY_COUNT));
  }

  /** @returns False when it was closed before. */
  #close(group: WriteGroup): boolean {
    if (group.isDone) return false;
    group.isDone = true;
    this.#pending.delete(group);
    this.#recordCount -= group.records.length;
    return true;
  }

  #refuse(token: number, error: PanalError): void {
    this.options.context.counters.writesRefused += 1;
    this.options.answer({ kind: 'refused', token, error });
  }

  #isKnown(id: TrackerId): boolean {
    const health = this.options.context.view.member(id)?.health;
    return health === 'alive' || health === 'suspect';
  }
}

function raise(): never {
  throw new Error('a batch is never empty');
}
