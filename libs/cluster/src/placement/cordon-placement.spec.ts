import fc from 'fast-check';
import { type CordonableNode, CordonPlacement } from './cordon-placement.js';
import { OWNER_COUNT } from './placement.js';
import { RendezvousPlacement } from './rendezvous-placement.js';
import { EVERYWHERE, SLOT_COUNT } from './slot.js';

const SAMPLE = Array.from({ length: 48 }, (_, at) => at * Math.floor(SLOT_COUNT / 48) + (at % 7));
const node = fc.record<CordonableNode>({
  id: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex')),
  zone: fc.constantFrom('', 'a', 'b', 'c', 'd'),
  weight: fc.constantFrom(0.25, 1, 1, 2),
  isActive: fc.boolean(),
  isCordoned: fc.boolean(),
});
const nodes = fc.uniqueArray(node, { selector: ({ id }) => id, maxLength: 12 });
const RUNS = { numRuns: 60 };

function placementOf(some: readonly CordonableNode[]): CordonPlacement {
  const placement = new CordonPlacement(() => new RendezvousPlacement());
  placement.update(some);
  return placement;
}

const without = (some: readonly CordonableNode[]): RendezvousPlacement => {
  const placement = new RendezvousPlacement();
  placement.update(some);
  return placement;
};

describe('CordonPlacement', () => {
  it('is the placement it is made of while nobody is cordoned, also afterwards', () => {
    fc.assert(
      fc.property(nodes, (some) => {
        const placement = placementOf(some);
        const free = some.map((one) => ({ ...one, isCordoned: false }));
        placement.update(free);
        const plain = without(free);
        for (const slot of [...SAMPLE, EVERYWHERE]) {
          expect(placement.ranking(slot)).toEqual(plain.ranking(slot));
          expect(placement.owners(slot)).toEqual(plain.owners(slot));
          expect(placement.pendingOwners(slot)).toEqual(plain.pendingOwners(slot));
        }
      }),
      RUNS,
    );
  });

  it('has all the owners there would be without the cordoned, and first', () => {
    fc.assert(
      fc.property(nodes, (some) => {
        const placement = placementOf(some);
        const others = without(some.filter(({ isCordoned }) => !isCordoned));
        for (const slot of [...SAMPLE, EVERYWHERE]) {
          const owners = others.owners(slot);
          expect(placement.owners(slot).slice(0, owners.length)).toEqual(owners);
          expect(placement.pendingOwners(slot)).toEqual(expect.arrayContaining([...others.pendingOwners(slot)]));
        }
      }),
      RUNS,
    );
  });

  it('lets a cordoned tracker keep what is its own, gives it nothing else, and asks it last to stand in', () => {
    fc.assert(
      fc.property(nodes, (some) => {
        const placement = placementOf(some);
        const plain = without(some);
        const cordoned = some.filter(({ isCordoned, isActive }) => isCordoned && isActive).map(({ id }) => id);
        for (const slot of SAMPLE) {
          const owners = placement.owners(slot);
          for (const id of cordoned) expect(owners.includes(id)).toBe(plain.owners(slot).includes(id));
          const standIns = placement.ranking(slot).slice(owners.length);
          const isLast = standIns.map((id) => cordoned.includes(id));
          expect(isLast).toEqual(isLast.toSorted((one, other) => Number(one) - Number(other)));
        }
      }),
      RUNS,
    );
  });

  it('ranks each active tracker once, and never has fewer owners than before', () => {
    fc.assert(
      fc.property(nodes, (some) => {
        const placement = placementOf(some);
        const active = some.filter(({ isActive }) => isActive).map(({ id }) => id);
        for (const slot of [...SAMPLE, EVERYWHERE]) {
          expect([...placement.ranking(slot)].sort()).toEqual(active.sort());
          expect(placement.ranking(slot).slice(0, placement.owners(slot).length)).toEqual(placement.owners(slot));
          expect(placement.owners(slot).length).toBeGreaterThanOrEqual(Math.min(OWNER_COUNT, active.length));
        }
      }),
      RUNS,
    );
  });
});
