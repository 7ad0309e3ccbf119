import { type ClusterRecord, compareRecords, DigestTree, isServed, leafOf, purgeAtMs } from '@panal/cluster';
import { SeededRandom } from '@panal/runtime';
import fc from 'fast-check';
import { slotOfTorrent } from './record-key.js';
import { contentIdOf, type EntryDraft, entryRecord, LIVES, NOW_MS, peerIdOf, watchedTable } from './table.fixture.js';

const NAMESPACES = ['a', 'b', 'default'];
const TORRENTS = Array.from({ length: 12 }, (_, torrent) => torrent);
const PEERS = Array.from({ length: 8 }, (_, peer) => peer);

type Step =
  | { readonly kind: 'apply'; readonly record: ClusterRecord; readonly draft: EntryDraft; readonly nowMs: number }
  | { readonly kind: 'purge'; readonly nowMs: number }
  | { readonly kind: 'floor'; readonly peer: number; readonly floor: number }
  | { readonly kind: 'dropSlot'; readonly slot: number };

/** What can be asked of a table, in a form that does not depend on how it is kept. */
interface View {
  readonly records: readonly string[];
  readonly leaves: Readonly<Record<string, readonly string[]>>;
  readonly digests: readonly unknown[];
  readonly torrents: readonly unknown[];
  readonly samples: readonly (readonly string[])[];
  readonly ofPeers: readonly (readonly string[])[];
}

const where = { torrent: fc.constantFrom(...TORRENTS), namespace: fc.constantFrom(...NAMESPACES) };
const drafts = fc.record({
  ...where,
  peer: fc.constantFrom(...PEERS),
  atMs: fc.integer({ min: -70_000, max: 5_000 }),
  isDead: fc.boolean(),
  isComplete: fc.boolean(),
  serveMs: fc.nat(50_000),
  origin: fc.constantFrom(1, 2, 0xffff_ffff_ffff),
});
const floors = fc.constantFrom(-1_000_000_000, -70_000, -10_000, 0, Number.POSITIVE_INFINITY);

/** Steps, each with the time it happens at. */
const histories: fc.Arbitrary<readonly Step[]> = fc
  .array(
    fc.record({
      weight: fc.nat(24),
      byMs: fc.nat(20_000),
      draft: drafts,
      floorMs: floors,
    }),
    { maxLength: 300 },
  )
  .map((moves) => {
    let nowMs = NOW_MS;
    return moves.map(({ weight, byMs, draft, floorMs }): Step => {
      const { peer, namespace, torrent } = draft;
      if (weight < 2) return { kind: 'dropSlot', slot: slotOfTorrent({ namespace, hash: contentIdOf(torrent) }) };
      if (weight < 4) return { kind: 'floor', peer, floor: (nowMs + floorMs) * 4_096 };
      if (weight < 8) return { kind: 'purge', nowMs: (nowMs += byMs) };
      const record = entryRecord({ ...draft, atMs: nowMs - NOW_MS + draft.atMs });
      return { kind: 'apply', record, draft, nowMs };
    });
  });

/** The table as plain maps. */
class Model {
  readonly #held = new Map<string, { readonly record: ClusterRecord; readonly draft: EntryDraft }>();
  readonly #floors = new Map<number, number>();
  nowMs = NOW_MS;

  do(step: Step): unknown {
    switch (step.kind) {
      case 'apply':
        return this.#apply(step);
      case 'purge':
        this.nowMs = step.nowMs;
        return this.#forget(({ record }) => purgeAtMs(record, LIVES) <= step.nowMs);
      case 'floor':
        this.#floors.set(step.peer, step.floor);
        return undefined;
      case 'dropSlot':
        return this.#forget(({ record }) => record.slot === step.slot);
    }
  }

  get records(): readonly ClusterRecord[] {
    return [...this.#held.values()].map(({ record }) => record);
  }

  view(digests: DigestTree): View {
    const { records } = this;
    const leaves: Record<string, string[]> = {};
    for (const { key, slot } of records) {
      (leaves[`${slot} ${leafOf(slot, digests.keyHash(key))}`] ??= []).push(key.toString('hex'));
    }
    for (const record of records) digests.add(record.slot, digests.keyHash(record.key), record);
    return {
      records: records.map(textOf).sort(),
      leaves: Object.fromEntries(Object.entries(leaves).map(([leaf, keys]) => [leaf, keys.sort()])),
      digests: slotsOf(records).map((slot) => digests.slot(slot)),
      torrents: refs().map((ref) => this.#counts(ref)),
      samples: refs().map((ref) => this.#served(ref).map(sampleTextOf).sort()),
      ofPeers: PEERS.map((peer) =>
        this.#served()
          .filter((held) => held.draft.peer === peer)
          .map(({ draft: { namespace, torrent } }) => `${namespace} ${contentIdOf(torrent).toString('hex')}`)
          .sort(),
      ),
    };
  }

  #apply({ record, draft, nowMs }: Extract<Step, { kind: 'apply' }>): string {
    const key = record.key.toString('hex');
    const former = this.#held.get(key)?.record;
    if (former !== undefined && compareRecords(record, former) <= 0) return 'stale';
    if (purgeAtMs(record, LIVES) <= nowMs) return 'expired';
    this.#held.set(key, { record, draft });
    return 'applied';
  }

  #forget(isOver: (held: { record: ClusterRecord; draft: EntryDraft }) => boolean): number {
    const over = [...this.#held].filter(([, held]) => isOver(held));
    for (const [key] of over) this.#held.delete(key);
    return over.length;
  }

  #of(ref?: Ref): { record: ClusterRecord; draft: EntryDraft }[] {
    return [...this.#held.values()].filter(
      ({ draft }) => ref === undefined || (draft.namespace === ref.namespace && draft.torrent === ref.torrent),
    );
  }

  #served(ref?: Ref): { record: ClusterRecord; draft: EntryDraft }[] {
    return this.#of(ref).filter(({ record, draft }) => {
      const floor = this.#floors.get(draft.peer) ?? Number.POSITIVE_INFINITY;
      return isServed(record, this.nowMs) && record.clock >= floor;
    });
  }

  #counts(ref: Ref): object {
    const served = this.#served(ref);
    const seedCount = served.filter(({ record }) => record.value[0] === 1).length;
    return { seedCount, leechCount: served.length - seedCount, entryCount: this.#of(ref).length };
  }
}

/** The real one, with all that its watchers were told. */
class Subject {
  readonly table = watchedTable(0).table;
  /** Served entries as a watcher knows them, and whatever did not fit them. */
  readonly told = new Map<string, boolean>();
  readonly contradictions: string[] = [];

  constructor() {
    this.table.watch((change) => {
      if (change.kind !== 'entry') return;
      const key = `${change.namespace} ${change.torrent} ${change.peer}`;
      if (this.told.get(key) !== change.before?.isComplete) this.contradictions.push(key);
      if (change.after === undefined) this.told.delete(key);
      else this.told.set(key, change.after.isComplete);
    });
  }

  do(step: Step): unknown {
    switch (step.kind) {
      case 'apply':
        return this.table.apply(step.record, step.nowMs);
      case 'purge':
        return this.#purge(step.nowMs);
      case 'floor':
        return this.table.setPeerFloor(peerIdOf(step.peer).toString('hex'), step.floor);
      case 'dropSlot':
        return this.table.dropSlot(step.slot);
    }
  }

  view(records: readonly ClusterRecord[], nowMs: number, random: SeededRandom): View {
    const { table } = this;
    const slots = slotsOf(records);
    const leavesOf = (slot: number): [string, string[]][] =>
      Array.from({ length: 16 }, (_, leaf) => [
        `${slot} ${leaf}`,
        [...table.records(slot, leaf)].map(({ key }) => key.toString('hex')).sort(),
      ]);
    const request = { count: PEERS.length, nowMs, random, accept: () => true };
    return {
      records: slots.flatMap((slot) => [...table.records(slot)].map(textOf)).sort(),
      leaves: Object.fromEntries(slots.flatMap(leavesOf).filter(([, keys]) => keys.length > 0)),
      digests: slots.map((slot) => table.digests.slot(slot)),
      torrents: refs().map((ref) => table.entries.torrent(ref)),
      samples: refs().map((ref) =>
        table.entries
          .sample({ ...request, ...ref, isCompleteFirst: random.below(2) === 0 })
          .map(({ peer, isComplete }) => `${peer.id} ${isComplete}`)
          .sort(),
      ),
      ofPeers: PEERS.map((peer) =>
        [...table.entries.entriesOfPeer(peerIdOf(peer), nowMs)]
          .map(({ namespace, torrent }) => `${namespace} ${torrent}`)
          .sort(),
      ),
    };
  }

  /** A few at a time, as in life. */
  #purge(nowMs: number): number {
    let removed = 0;
    for (let last = 1; last > 0; removed += last) last = this.table.purge(nowMs, 5);
    return removed;
  }
}

describe('TrackerTable beside plain maps', () => {
  it('answers, holds, counts, samples, digests and tells the same, whatever happens in whatever order', () => {
    fc.assert(
      fc.property(histories, fc.nat(), (steps, seed) => {
        const model = new Model();
        const subject = new Subject();
        for (const peer of PEERS) for (const one of [model, subject]) one.do({ kind: 'floor', peer, floor: 0 });
        expect(steps.map((step) => subject.do(step))).toEqual(steps.map((step) => model.do(step)));
        // Entries past their time are counted until a purge has met them.
        const end: Step = { kind: 'purge', nowMs: model.nowMs };
        expect(subject.do(end)).toBe(model.do(end));

        const expected = model.view(new DigestTree(subject.table.digests.seed));
        expect(subject.view(model.records, model.nowMs, new SeededRandom(seed))).toEqual(expected);
        expect(subject.table.recordCount).toBe(expected.records.length);
        expect(subject.table.entries.servedCount).toBe(expected.samples.flat().length);
        expect(subject.told.size).toBe(expected.samples.flat().length);
        expect(subject.contradictions).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});

interface Ref {
  readonly namespace: string;
  readonly torrent: number;
  readonly hash: Buffer;
}

function refs(): readonly Ref[] {
  return NAMESPACES.flatMap((namespace) =>
    TORRENTS.map((torrent) => ({ namespace, torrent, hash: contentIdOf(torrent) })),
  );
}

function slotsOf(records: readonly ClusterRecord[]): readonly number[] {
  return [...new Set(records.map(({ slot }) => slot))].sort((a, b) => a - b);
}

function textOf({ key, value, ...rest }: ClusterRecord): string {
  return JSON.stringify(
    { ...rest, key: key.toString('hex'), value: value.toString('hex') },
    Object.keys(rest).concat('key', 'value').sort(),
  );
}

function sampleTextOf({ record, draft }: { record: ClusterRecord; draft: EntryDraft }): string {
  return `${peerIdOf(draft.peer).toString('hex')} ${record.value[0] === 1}`;
}
