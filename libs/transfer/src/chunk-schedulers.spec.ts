import { SeededRandom } from '@panal/runtime';
import fc from 'fast-check';
import { chunkSchedulerCases } from './chunk-scheduler.compliance.js';
import type { ChunkSchedulerName } from './chunk-scheduler.js';
import { CHUNK_SCHEDULERS, chunkSchedulerFactory } from './chunk-schedulers.js';

const names: ChunkSchedulerName[] = ['rarest-first', 'sequential', 'random'];
const chunkCount = 24;

/** A step of a model run: what is done to which chunk. */
const steps = fc.array(
  fc.record({ kind: fc.constantFrom('add', 'remove', 'up', 'down', 'pick'), chunk: fc.nat(chunkCount - 1) }),
  { maxLength: 200 },
);

describe.each(names)('the %s scheduler as a ChunkScheduler', (name) => {
  it.each(chunkSchedulerCases(CHUNK_SCHEDULERS[name]))('$name', async ({ run }) => expect(await run()).toBeUndefined());
});

describe.each(names)('the %s scheduler', (name) => {
  it('picks only what is wanted and offered, and always something when there is', () => {
    fc.assert(
      fc.property(steps, fc.nat(), (run, seed) => {
        const scheduler = CHUNK_SCHEDULERS[name].create({ chunkCount, random: new SeededRandom(seed) });
        const wanted = new Map<number, number>();
        const faults: unknown[] = [];
        const availability = Array.from({ length: chunkCount }, () => 0);
        for (const { kind, chunk } of run) {
          if (kind === 'add' && !wanted.has(chunk)) {
            scheduler.add(chunk, availability[chunk] as number);
            wanted.set(chunk, 0);
          } else if (kind === 'remove') {
            scheduler.remove(chunk);
            wanted.delete(chunk);
          } else if (kind === 'up' || (kind === 'down' && (availability[chunk] as number) > 0)) {
            availability[chunk] = (availability[chunk] as number) + (kind === 'up' ? 1 : -1);
            if (wanted.has(chunk)) scheduler.availabilityChanged(chunk, availability[chunk] as number);
          } else if (kind === 'pick') {
            const isOffered = (candidate: number): boolean => candidate % 3 !== chunk % 3;
            const offered = [...wanted.keys()].filter(isOffered);
            const picked = scheduler.pick(isOffered);
            const best = expected(name, offered, availability);
            faults.push(
              ...((picked === undefined ? best.length === 0 : best.includes(picked)) ? [] : [{ picked, best }]),
            );
          }
          if (scheduler.size !== wanted.size) faults.push({ size: scheduler.size, wanted: wanted.size });
        }
        expect(faults).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});

/** Which of the offered chunks a scheduler may pick. */
function expected(name: ChunkSchedulerName, offered: readonly number[], availability: readonly number[]): number[] {
  switch (name) {
    case 'random':
      return [...offered];
    case 'sequential':
      return offered.length === 0 ? [] : [Math.min(...offered)];
    case 'rarest-first': {
      const rarest = Math.min(...offered.map((chunk) => availability[chunk] as number));
      return offered.filter((chunk) => availability[chunk] === rarest);
    }
  }
}

describe('chunkSchedulerFactory', () => {
  it('takes a name or a custom one', () => {
    const custom = {
      name: 'mine',
      create: () => CHUNK_SCHEDULERS.random.create({ chunkCount, random: new SeededRandom(1) }),
    };
    expect(chunkSchedulerFactory('sequential').name).toBe('sequential');
    expect(chunkSchedulerFactory(custom)).toBe(custom);
  });

  it.each(['rarest-first', 'random'] as const)('spreads first picks of %s over all chunks', (name) => {
    const first = new Set<number>();
    for (let seed = 0; seed < 200; seed += 1) {
      const scheduler = CHUNK_SCHEDULERS[name].create({ chunkCount, random: new SeededRandom(seed) });
      for (let chunk = 0; chunk < chunkCount; chunk += 1) scheduler.add(chunk, 1);
      first.add(scheduler.pick(() => true) ?? -1);
    }
    expect(first.size).toBeGreaterThan(chunkCount / 2);
  });
});
