import fc from 'fast-check';
import { OWNER_COUNT, type Placement, type PlacementNode } from './placement.js';
import { RendezvousPlacement } from './rendezvous-placement.js';
import { EVERYWHERE, SLOT_COUNT } from './slot.js';

/** Every way to place slots; what replication relies on holds for each of them. */
const PLACEMENTS: readonly (readonly [string, () => Placement])[] = [
  ['RendezvousPlacement', () => new RendezvousPlacement()],
];

/** Slots enough to meet every case, few enough to try often. */
const SAMPLE = Array.from({ length: 48 }, (_, at) => at * Math.floor(SLOT_COUNT / 48) + (at % 7));

const node = fc.record<PlacementNode>({
  id: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex')),
  zone: fc.constantFrom('', 'a', 'b', 'c', 'd'),
  weight: fc.constantFrom(0.25, 1, 1, 1, 2, 8),
  isActive: fc.boolean(),
});
const nodes = fc.uniqueArray(node, { selector: ({ id }) => id, maxLength: 12 });
const RUNS = { numRuns: 60 };

describe.each(PLACEMENTS)('%s, as a placement', (_name, create) => {
  const placementOf = (some: readonly PlacementNode[]): Placement => {
    const placement = create();
    placement.update(some);
    return placement;
  };

  it('ranks each active node once, and nobody else', () => {
    fc.assert(
      fc.property(nodes, (some) => {
        const placement = placementOf(some);
        const active = activeIn(some).map(({ id }) => id);
        const rankings = [...SAMPLE, EVERYWHERE].map((slot) => [...placement.ranking(slot)].sort());
        expect(rankings).toEqual(rankings.map(() => active.sort()));
      }),
      RUNS,
    );
  });

  it('begins the ranking with the owners; everyone owns what is everywhere', () => {
    fc.assert(
      fc.property(nodes, (some) => {
        const placement = placementOf(some);
        expect(SAMPLE.map((slot) => placement.owners(slot))).toEqual(
          SAMPLE.map((slot) => placement.ranking(slot).slice(0, OWNER_COUNT)),
        );
        expect(placement.owners(EVERYWHERE)).toEqual(placement.ranking(EVERYWHERE));
      }),
      RUNS,
    );
  });

  it('puts owners into distinct zones where there are enough', () => {
    fc.assert(
      fc.property(nodes, (some) => {
        const placement = placementOf(some);
        const zones = new Map(activeIn(some).map(({ id, zone }) => [id, zone]));
        fc.pre(zoneCountOf(activeIn(some)) >= OWNER_COUNT);
        const counts = SAMPLE.map((slot) => new Set(placement.owners(slot).map((id) => zones.get(id))).size);
        expect(counts).toEqual(counts.map(() => OWNER_COUNT));
      }),
      RUNS,
    );
  });

  it('has the owners to come in `pendingOwners`', () => {
    fc.assert(
      fc.property(nodes, (some) => {
        const placement = placementOf(some);
        const later = placementOf(allActive(some));
        expect([...SAMPLE, EVERYWHERE].map((slot) => placement.pendingOwners(slot))).toEqual(
          [...SAMPLE, EVERYWHERE].map((slot) => later.owners(slot)),
        );
      }),
      RUNS,
    );
  });

  it('comes to the same answer whatever the order of nodes and the way there', () => {
    fc.assert(
      fc.property(fc.array(nodes, { minLength: 1, maxLength: 6 }), (steps) => {
        const placement = create();
        for (const step of steps) {
          placement.update(step);
          // Half of the rows are made on the way, the others at the end.
          for (const slot of SAMPLE.slice(24)) placement.ranking(slot);
        }
        const direct = placementOf([...(steps.at(-1) ?? [])].reverse());
        const answers = (one: Placement): unknown =>
          [...SAMPLE, EVERYWHERE].map((slot) => [one.ranking(slot), one.pendingOwners(slot)]);
        expect(answers(placement)).toEqual(answers(direct));
      }),
      RUNS,
    );
  });

  it('moves one copy of a slot at most when one node comes or goes', () => {
    fc.assert(
      fc.property(nodes, node, (some, newcomer) => {
        const active = allActive(some.filter(({ id }) => id !== newcomer.id));
        // The third zone changes the rule itself, and with it much more.
        fc.pre(active.length >= OWNER_COUNT && zoneCountOf(active) !== OWNER_COUNT - 1);
        const before = placementOf(active);
        const after = placementOf([...active, { ...newcomer, isActive: true }]);
        const lostCounts = SAMPLE.map((slot) => {
          const owners = after.owners(slot);
          return before.owners(slot).filter((id) => !owners.includes(id)).length;
        });
        const gained = SAMPLE.map((slot) => (after.owners(slot).includes(newcomer.id) ? 1 : 0));
        expect(lostCounts).toEqual(gained);
      }),
      RUNS,
    );
  });
});

function activeIn(nodes: readonly PlacementNode[]): readonly PlacementNode[] {
  return nodes.filter(({ isActive }) => isActive);
}

function allActive(nodes: readonly PlacementNode[]): readonly PlacementNode[] {
  return nodes.map((one) => ({ ...one, isActive: true }));
}

function zoneCountOf(nodes: readonly PlacementNode[]): number {
  return new Set(nodes.map(({ zone }) => zone)).size;
}
