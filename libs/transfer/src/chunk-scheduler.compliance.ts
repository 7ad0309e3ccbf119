import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { type ComplianceCase, SeededRandom } from '@panal/runtime';
import type { ChunkScheduler, ChunkSchedulerFactory } from './chunk-scheduler.js';

const CHUNK_COUNT = 24;
const STEP_COUNT = 300;
const RUN_COUNT = 40;
const all = (): boolean => true;

/** What every `ChunkScheduler` promises, whatever its order. */
export function chunkSchedulerCases(factory: ChunkSchedulerFactory): readonly ComplianceCase[] {
  const create = (seed = 1): ChunkScheduler =>
    factory.create({ chunkCount: CHUNK_COUNT, random: new SeededRandom(seed) });
  return [
    {
      name: 'begins with nothing wanted, and picks nothing then',
      run: () => {
        const scheduler = create();
        strictEqual(scheduler.size, 0);
        strictEqual(scheduler.pick(all), undefined);
      },
    },
    {
      name: 'picks nothing when nothing is offered',
      run: () => {
        const scheduler = create();
        scheduler.add(3, 1);
        strictEqual(
          scheduler.pick(() => false),
          undefined,
        );
      },
    },
    {
      name: 'keeps what it picked until it is removed',
      run: () => {
        const scheduler = create();
        scheduler.add(3, 1);
        deepStrictEqual([scheduler.pick(all), scheduler.pick(all), scheduler.size], [3, 3, 1]);
        scheduler.remove(3);
        deepStrictEqual([scheduler.pick(all), scheduler.size], [undefined, 0]);
      },
    },
    {
      name: 'lets go of what is not there without harm, and takes a chunk again',
      run: () => {
        const scheduler = create();
        scheduler.remove(5);
        scheduler.add(5, 0);
        scheduler.remove(5);
        scheduler.remove(5);
        scheduler.add(5, 2);
        deepStrictEqual([scheduler.pick(all), scheduler.size], [5, 1]);
      },
    },
    {
      name: 'gives all chunks, each once, when each is removed as it is picked',
      run: () => {
        const scheduler = create();
        for (let chunk = 0; chunk < CHUNK_COUNT; chunk += 1) scheduler.add(chunk, chunk % 3);
        const picked = new Set<number>();
        for (let turn = 0; turn < CHUNK_COUNT; turn += 1) {
          const chunk = scheduler.pick(all);
          ok(chunk !== undefined, `nothing was picked while ${scheduler.size} chunks were wanted`);
          picked.add(chunk);
          scheduler.remove(chunk);
        }
        deepStrictEqual([picked.size, scheduler.size], [CHUNK_COUNT, 0]);
      },
    },
    {
      name: 'picks only what is wanted and offered, and always something when there is',
      run: () => {
        for (let seed = 1; seed <= RUN_COUNT; seed += 1) modelRun(create(seed), seed);
      },
    },
  ];
}

/** A long random life of one download, beside the plainest model of it. */
function modelRun(scheduler: ChunkScheduler, seed: number): void {
  const random = new SeededRandom(seed);
  const wanted = new Set<number>();
  const availability = Array.from({ length: CHUNK_COUNT }, () => 0);
  for (let step = 0; step < STEP_COUNT; step += 1) {
    const chunk = random.below(CHUNK_COUNT);
    const count = availability[chunk] as number;
    const where = `(seed ${seed}, step ${step})`;
    switch (random.below(5)) {
      case 0:
      case 1:
        if (!wanted.has(chunk)) scheduler.add(chunk, count);
        wanted.add(chunk);
        break;
      case 2:
        scheduler.remove(chunk);
        wanted.delete(chunk);
        break;
      case 3: {
        const next = count > 0 && random.below(2) === 0 ? count - 1 : count + 1;
        availability[chunk] = next;
        if (wanted.has(chunk)) scheduler.availabilityChanged(chunk, next);
        break;
      }
      default:
        checkPick(scheduler, wanted, { isOffered: (candidate) => candidate % 3 !== chunk % 3, where });
    }
    strictEqual(scheduler.size, wanted.size, `size ${where}`);
  }
}

function checkPick(
  scheduler: ChunkScheduler,
  wanted: ReadonlySet<number>,
  { isOffered, where }: { isOffered: (chunk: number) => boolean; where: string },
): void {
  const offered = [...wanted].filter(isOffered);
  const picked = scheduler.pick(isOffered);
  if (picked === undefined) strictEqual(offered.length, 0, `nothing was picked while something was offered ${where}`);
  else ok(offered.includes(picked), `${picked} was picked, which is not wanted and offered ${where}`);
}
