import { SeededRandom } from '@panal/runtime';
import { type HandoutPolicy, handoutPolicyCases, makeSource, NearFirstHandoutPolicy } from '@panal/tracking';
import {
  CHUNK_SCHEDULERS,
  type ChunkScheduler,
  type ChunkSchedulerContext,
  chunkSchedulerCases,
  MeasuredSelector,
  sourceSelectorCases,
} from '@panal/transfer';
import { DEGRADED_MS, FAULTS_IN_A_ROW_MAX, PORT_REST_MS, SLOW_CALL_MS } from './plugin-limits.js';
import { makeHost } from './plugins.fixture.js';

const sources = [makeSource(1), makeSource(2), makeSource(3)];
const request = { sources, networks: new Set<string>(), peerCountMax: 2 };
const [first, second, third] = sources;
/** The default of these tests: the first ones. */
const fallback: HandoutPolicy = { choose: ({ sources: all, peerCountMax }) => all.slice(0, peerCountMax) };

const withPolicy = (choose: (...args: never[]) => unknown, changes: Partial<HandoutPolicy> = {}) =>
  makeHost([{ name: 'mine', contributes: { handoutPolicy: () => ({ choose, ...changes }) as HandoutPolicy } }]);

describe('a plugin that is sound', () => {
  it('chooses in place of the default, and its host is well', () => {
    const { host } = withPolicy(() => [third, first]);
    // Rubbish by identity: what it chose are not the peers it was given, unless they are.
    expect(host.handoutPolicy(fallback).choose(request)).toEqual([third, first]);
    expect(host.health()).toEqual([{ name: 'mine', state: 'ok', faultCount: 0 }]);
  });

  it('leaves the ports it does not claim to the host, as they are', () => {
    const { host } = makeHost([{ name: 'mine' }]);
    expect(host.handoutPolicy(fallback)).toBe(fallback);
    expect([host.makeSelector, host.schedulers().size]).toEqual([undefined, 0]);
  });

  const policies = handoutPolicyCases(() =>
    makeHost([{ name: 'mine', contributes: { handoutPolicy: (context) => context.fallback } }]).host.handoutPolicy(
      new NearFirstHandoutPolicy(),
    ),
  );
  it.each(policies)('is a HandoutPolicy still: $name', async ({ run }) => expect(await run()).toBeUndefined());

  const scheduler = {
    name: 'mine',
    create: (context: ChunkSchedulerContext) => CHUNK_SCHEDULERS.random.create(context),
  };
  const schedulers = makeHost([{ name: 'p', contributes: { chunkSchedulers: [scheduler] } }]).host.schedulers();
  it.each(chunkSchedulerCases(schedulers.get('mine') ?? scheduler))(
    'is a ChunkScheduler still: $name',
    async ({ run }) => expect(await run()).toBeUndefined(),
  );

  const { makeSelector } = makeHost([{ name: 'p', contributes: { sourceSelector: ({ fallback: own }) => own } }]).host;
  it.each(sourceSelectorCases(makeSelector ?? (() => new MeasuredSelector())))(
    'is a SourceSelector still: $name',
    async ({ run }) => expect(await run()).toBeUndefined(),
  );
});

describe('a policy that fails', () => {
  it.each<[string, (...args: never[]) => unknown, string]>([
    [
      'throws',
      () => {
        throw new Error('boom');
      },
      'threw an error',
    ],
    ['gives nothing', () => undefined, 'no array'],
    ['gives too many', () => sources, 'gave 3 peers where 2'],
    ['gives one twice', () => [first, first], 'twice'],
    ['gives a stranger', () => [makeSource(9)], 'not in the list'],
    ['gives a promise', () => Promise.reject(new Error('late')), 'promise'],
  ])('%s: the default answers, and health names it', async (_how, choose, reason) => {
    const { host, lines } = withPolicy(choose);
    expect(host.handoutPolicy(fallback).choose(request)).toEqual([first, second]);
    // A rejection that nobody handles would end the process, and this test, here.
    await new Promise((resolve) => setImmediate(resolve));
    expect(host.health()).toEqual([
      { name: 'mine', state: 'degraded', faultCount: 1, lastFault: expect.stringContaining(reason) },
    ]);
    expect(lines).toEqual([
      expect.objectContaining({ fields: expect.objectContaining({ plugin: 'mine', place: 'handoutPolicy' }) }),
    ]);
  });

  it('cannot change the list of the host', () => {
    const { host } = withPolicy(({ sources: given }: { sources: unknown[] }) => given.splice(0));
    expect(host.handoutPolicy(fallback).choose(request)).toEqual([first, second]);
    expect(sources.length).toBe(3);
  });

  it('rests after some faults in a row, and is asked again later', () => {
    let callCount = 0;
    const { host, clock } = withPolicy(() => {
      callCount += 1;
      throw new Error('boom');
    });
    const policy = host.handoutPolicy(fallback);
    for (let turn = 0; turn < FAULTS_IN_A_ROW_MAX + 50; turn += 1) policy.choose(request);
    expect(callCount).toBe(FAULTS_IN_A_ROW_MAX);
    clock.advance(PORT_REST_MS + 1);
    expect(policy.choose(request)).toEqual([first, second]);
    expect(callCount).toBe(FAULTS_IN_A_ROW_MAX + 1);
  });

  it('is seen when it holds up the process, and rests when it goes on doing so', () => {
    let callCount = 0;
    const { host, clock } = withPolicy(() => {
      callCount += 1;
      clock.advance(SLOW_CALL_MS + 1);
      return [third];
    });
    const policy = host.handoutPolicy(fallback);
    // Slow, but sound: what it says holds.
    expect(policy.choose(request)).toEqual([third]);
    expect(host.health()[0]).toMatchObject({ state: 'degraded', lastFault: expect.stringContaining('held up') });
    for (let turn = 0; turn < 100; turn += 1) policy.choose(request);
    expect(callCount).toBe(FAULTS_IN_A_ROW_MAX);
  });

  it('counts as well again some time after its last fault', () => {
    let isBad = true;
    const { host, clock } = withPolicy(() => (isBad ? undefined : [third]));
    const policy = host.handoutPolicy(fallback);
    policy.choose(request);
    isBad = false;
    policy.choose(request);
    expect(host.health()[0]?.state).toBe('degraded');
    clock.advance(DEGRADED_MS);
    expect(host.health()[0]).toMatchObject({ state: 'ok', faultCount: 1 });
  });

  it.each<[string, () => unknown, string]>([
    [
      'throws',
      () => {
        throw new Error('boom');
      },
      'making it threw an error',
    ],
    ['gives nothing', () => undefined, 'without choose()'],
    ['gives a policy that wants half a peer', () => ({ choose: () => [], choice: 0.5 }), '"choice" is 0.5'],
  ])('keeps the server from starting when making it %s', (_how, make, reason) => {
    const { host } = makeHost([{ name: 'mine', contributes: { handoutPolicy: make as () => HandoutPolicy } }]);
    expect(() => host.handoutPolicy(fallback)).toThrow(
      expect.objectContaining({ code: 'plugin_failed', message: expect.stringContaining(reason), plugin: 'mine' }),
    );
  });
});

describe('a chunk scheduler that fails', () => {
  const chunkCount = 8;
  const make = (changes: Partial<ChunkScheduler>) => {
    const factory = {
      name: 'mine',
      create: (context: { chunkCount: number; random: SeededRandom }) =>
        Object.assign(CHUNK_SCHEDULERS.sequential.create(context), changes),
    };
    const { host } = makeHost([{ name: 'p', contributes: { chunkSchedulers: [factory as never] } }]);
    const scheduler = host
      .schedulers()
      .get('mine')
      ?.create({ chunkCount, random: new SeededRandom(1) }) as ChunkScheduler;
    return { host, scheduler };
  };
  const boom = (): never => {
    throw new Error('boom');
  };

  it.each<[string, Partial<ChunkScheduler>]>([
    ['throws when picking', { pick: boom }],
    ['picks what is not wanted', { pick: () => 7 }],
    ['picks what is no chunk', { pick: () => 1.5 }],
    ['picks nothing for ever', { pick: () => undefined }],
    ['throws when told of a chunk', { add: boom }],
    ['throws when told that a chunk is begun', { remove: boom }],
  ])('%s: the download gets all of its chunks all the same', (_how, changes) => {
    const { host, scheduler } = make(changes);
    for (let chunk = 0; chunk < chunkCount - 1; chunk += 1) scheduler.add(chunk, 1);
    const picked: (number | undefined)[] = [];
    for (let turn = 0; turn < chunkCount; turn += 1) {
      const chunk = scheduler.pick(() => true);
      picked.push(chunk);
      if (chunk !== undefined) scheduler.remove(chunk);
    }
    expect([...picked].sort((a = chunkCount, b = chunkCount) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, undefined]);
    expect(host.health()[0]).toMatchObject({
      state: 'degraded',
      lastFault: expect.stringContaining('chunkScheduler.mine'),
    });
  });

  it('is not asked again after it missed a change: what it says would be of another download', () => {
    let pickCount = 0;
    const pick = () => {
      pickCount += 1;
      return 0;
    };
    const { scheduler } = make({ remove: boom, pick });
    scheduler.add(0, 1);
    expect([scheduler.pick(() => true), pickCount]).toEqual([0, 1]);
    scheduler.remove(0);
    scheduler.add(1, 1);
    expect([scheduler.pick(() => true), pickCount]).toEqual([1, 1]);
  });

  it('is replaced when it cannot be made', () => {
    const { host } = makeHost([{ name: 'p', contributes: { chunkSchedulers: [{ name: 'mine', create: boom }] } }]);
    const scheduler = host
      .schedulers()
      .get('mine')
      ?.create({ chunkCount, random: new SeededRandom(1) });
    scheduler?.add(3, 1);
    expect(scheduler?.pick(() => true)).toBe(3);
    expect(host.health()[0]?.faultCount).toBe(1);
  });
});

describe('a source selector that fails', () => {
  const standing = {
    name: 'a',
    speed: 5,
    stability: 1,
    chunksDone: 1,
    badChunks: 0,
    isComplete: true,
    isDoubtful: false,
  };
  it('gives the default score in place of none, and a download does not fail because of it', () => {
    const selector = { intervalMs: 1_000, score: () => Number.NaN, isLastResort: () => 'no' };
    const { host } = makeHost([{ name: 'p', contributes: { sourceSelector: () => selector as never } }]);
    const made = host.makeSelector?.();
    expect(made?.score(standing)).toBe(new MeasuredSelector().score(standing));
    expect(made?.isLastResort('a')).toBe(false);
    expect(host.health()[0]?.faultCount).toBe(2);
  });

  it.each([
    [
      'cannot be made',
      () => {
        throw new Error('boom');
      },
    ],
    ['measures every millisecond', () => ({ intervalMs: 1, score: () => 1, isLastResort: () => false })],
  ])('is the default when it %s', (_how, make) => {
    const { host } = makeHost([{ name: 'p', contributes: { sourceSelector: make as never } }]);
    expect(host.makeSelector?.()).toBeInstanceOf(MeasuredSelector);
    expect(host.health()[0]?.faultCount).toBe(1);
  });
});

describe('plugins that cannot be together', () => {
  it('names both when two claim one port, one scheduler or one name', () => {
    const claim = { handoutPolicy: () => fallback };
    expect(() =>
      makeHost([
        { name: 'a', contributes: claim },
        { name: 'b', contributes: claim },
      ]),
    ).toThrow(
      expect.objectContaining({
        code: 'plugin_conflict',
        message: 'The plugins "a" and "b" both claim the port handoutPolicy.',
      }),
    );
    const scheduler = {
      chunkSchedulers: [
        { name: 's', create: (context: ChunkSchedulerContext) => CHUNK_SCHEDULERS.random.create(context) },
      ],
    };
    expect(() =>
      makeHost([
        { name: 'a', contributes: scheduler },
        { name: 'b', contributes: scheduler },
      ]),
    ).toThrow('The plugins "a" and "b" both claim the chunk scheduler "s".');
    expect(() => makeHost([{ name: 'a' }, { name: 'a' }])).toThrow('The plugins "a" and "a" both claim the name "a".');
  });

  it('names both when one needs another that is not there', () => {
    expect(() => makeHost([{ name: 'a', requires: ['b'] }])).toThrow(
      expect.objectContaining({
        code: 'plugin_requirement_missing',
        message: 'The plugin "a" needs the plugin "b", which is not loaded.',
      }),
    );
    expect(makeHost([{ name: 'a', requires: ['b'] }, { name: 'b' }]).host.health().length).toBe(2);
  });
});

describe('what nobody caught', () => {
  const thrown = (...places: string[]) =>
    Object.assign(new Error('boom'), {
      stack: ['Error: boom', ...places.map((place) => `    at f (${place}:1:2)`)].join('\n'),
    });
  const own = 'file:///plugins/node_modules/mine/dist/index.js';
  it.each<[string, unknown, boolean]>([
    ['a plugin alone', thrown(own, 'node:internal/timers'), true],
    ['a package of a plugin', thrown('/plugins/node_modules/lib/index.js', own), true],
    ['a plugin called by the host', thrown(own, '/opt/panal/dist/libs/nest/src/x.js'), false],
    ['the host called by a plugin', thrown('/opt/panal/dist/libs/nest/src/x.js', own), false],
    ['the host', thrown('/opt/panal/dist/libs/nest/src/x.js'), false],
    ['nobody knows whom', 'boom', false],
  ])('is contained when it is of %s: %#', (_whose, error, isContained) => {
    const { host } = makeHost([{ name: 'mine' }]);
    expect(host.contains(error)).toBe(isContained);
    expect(host.health()[0]?.faultCount).toBe(isContained ? 1 : 0);
  });
});
