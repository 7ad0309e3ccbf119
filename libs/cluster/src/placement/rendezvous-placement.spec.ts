import { SeededRandom } from '@panal/runtime';
import type { PlacementNode } from './placement.js';
import { RendezvousPlacement } from './rendezvous-placement.js';
import { SLOT_COUNT } from './slot.js';

describe('RendezvousPlacement', () => {
  // Highest load over the mean: what simulations of this scheme gave at worst (2 to 200 seeds), and a bit.
  it.each([
    [3, 1],
    [5, 1.03],
    [10, 1.05],
    [50, 1.12],
    [200, 1.23],
  ])('shares slots evenly among %d trackers', (count, highest) => {
    const loads = loadsOf(trackers(count, 7));
    expect(loads.size).toBe(count);
    expect(Math.max(...loads.values()) / ((SLOT_COUNT * 3) / count)).toBeLessThanOrEqual(highest);
  });

  it('gives slots by weight', () => {
    const heavy = trackers(20, 11).map((one, at) => (at < 5 ? { ...one, weight: 2 } : one));
    const loads = loadsOf(heavy);
    const meanOf = (some: readonly PlacementNode[]): number =>
      some.reduce((sum, { id }) => sum + (loads.get(id) ?? 0), 0) / some.length;
    // Three owners of twenty are drawn without putting back, so a double weight is a bit less than double.
    const ratio = meanOf(heavy.slice(0, 5)) / meanOf(heavy.slice(5));
    expect(ratio).toBeGreaterThan(1.8);
    expect(ratio).toBeLessThan(2);
  });

  it('takes the share of a newcomer from all others alike', () => {
    const some = trackers(11, 13);
    const before = placementOf(some.slice(0, 10));
    const after = placementOf(some);
    const lostBy = new Map<string, number>();
    for (let slot = 0; slot < SLOT_COUNT; slot += 1) {
      const owners = after.owners(slot);
      for (const id of before.owners(slot)) if (!owners.includes(id)) lostBy.set(id, (lostBy.get(id) ?? 0) + 1);
    }
    const ideal = (SLOT_COUNT * 3) / 11;
    const moved = [...lostBy.values()].reduce((sum, count) => sum + count, 0);
    expect(moved / ideal).toBeGreaterThan(0.95);
    expect(moved / ideal).toBeLessThan(1.05);
    expect(lostBy.size).toBe(10);
    expect(Math.max(...lostBy.values())).toBeLessThan((ideal / 10) * 1.25);
  });

  it('stays as it is: a change here moves the data of every cluster', () => {
    const placement = placementOf(trackers(5, 1).map((one, at) => ({ ...one, weight: 1 + (at % 2) })));
    const first = [0, 1, 8191, 16383, 16384].map((slot) =>
      placement
        .ranking(slot)
        .map((id) => id.slice(0, 4))
        .join(' '),
    );
    expect(first).toMatchInlineSnapshot(`
[
  "7d11 9fdd b874 de4b a000",
  "9fdd a000 7d11 b874 de4b",
  "a000 7d11 9fdd de4b b874",
  "9fdd 7d11 b874 de4b a000",
  "9fdd 7d11 a000 b874 de4b",
]
`);
  });
});

function trackers(count: number, seed: number): PlacementNode[] {
  const random = new SeededRandom(seed);
  return Array.from({ length: count }, () => ({
    id: random.bytes(16).toString('hex'),
    zone: '',
    weight: 1,
    isActive: true,
  }));
}

function placementOf(nodes: readonly PlacementNode[]): RendezvousPlacement {
  const placement = new RendezvousPlacement();
  placement.update(nodes);
  return placement;
}

function loadsOf(nodes: readonly PlacementNode[]): Map<string, number> {
  const placement = placementOf(nodes);
  const loads = new Map<string, number>();
  for (let slot = 0; slot < SLOT_COUNT; slot += 1) {
    for (const id of placement.owners(slot)) loads.set(id, (loads.get(id) ?? 0) + 1);
  }
  return loads;
}
