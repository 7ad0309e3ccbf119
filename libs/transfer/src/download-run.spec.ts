import { DownloadTrial } from './download-trial.fixture.js';
import type { SourceBehaviour } from './simulated-network.fixture.js';

describe('DownloadRun', () => {
  it('fetches everything from one source', async () => {
    const trial = new DownloadTrial(1);
    trial.network.add('seed', { bytesPerSecond: 5e6 });
    trial.start();
    await trial.complete(5000);
    expect(trial.snapshot).toMatchObject({ state: 'complete', reason: null, wastedBytes: 0, etaMs: 0 });
    expect(trial.states.at(-1)).toBe('complete');
    expect(trial.told.length).toBe(trial.geometry.chunkCount);
  });

  it('fetches v1 content too', async () => {
    const trial = new DownloadTrial(2, { format: 'v1' });
    for (const name of ['a', 'b', 'c']) trial.network.add(name, { bytesPerSecond: 1e6 });
    trial.start();
    await trial.complete();
    expect(trial.snapshot.wastedBytes).toBe(0);
  });

  it('uses several sources at once', async () => {
    const trial = new DownloadTrial(3);
    for (const name of ['a', 'b', 'c', 'd']) trial.network.add(name, { bytesPerSecond: 1e6, latencyMs: 20 });
    trial.start();
    await trial.complete(1300);
    for (const { blocksSent } of trial.network.sources.values()) expect(blocksSent).toBeGreaterThan(20);
  });

  it('waits while nobody has it, says so, and goes on when a provider appears', async () => {
    const trial = new DownloadTrial(4);
    const source = trial.network.add('seed', { isDialable: false });
    trial.start();
    await trial.pass(20_000);
    expect(trial.snapshot.state).toBe('waiting');
    expect(trial.snapshot.sources[0]).toMatchObject({ state: 'avoided', reason: 'connection refused' });
    expect(source.dials).toBeLessThan(10);
    source.behaviour = {};
    await trial.complete(40_000);
    expect(trial.states).toContain('waiting: no_source');
  });

  it('dials a source that moved at once', async () => {
    const trial = new DownloadTrial(5);
    const source = trial.network.add('seed', { isDialable: false });
    trial.start();
    await trial.pass(30_000);
    source.behaviour = {};
    trial.run.offer([{ ...source.address, port: 5551 }]);
    await trial.complete(2000);
    expect(source.dials).toBeGreaterThan(1);
  });

  it('does not dial itself, nor a peer twice', async () => {
    const trial = new DownloadTrial(6, { ownPeerId: 'id-me' });
    const [me, seed] = [trial.network.add('me'), trial.network.add('seed', { bytesPerSecond: 1e6 })];
    trial.start();
    trial.offerAll();
    await trial.pass(100);
    trial.offerAll();
    await trial.complete();
    expect([me.dials, seed.dials]).toEqual([0, 1]);
  });

  it('goes on with another source when one is killed in the middle of a chunk', async () => {
    const trial = new DownloadTrial(7);
    trial.network.add('mortal', { diesAfterBlocks: 5, bytesPerSecond: 1e6 });
    trial.network.add('steady', { bytesPerSecond: 5e5 });
    trial.start();
    await trial.complete(20_000);
    expect(trial.snapshot.wastedBytes).toBeLessThan(trial.content.length / 10);
  });

  it('asks elsewhere what a stalled source owes', async () => {
    const trial = new DownloadTrial(8);
    trial.network.add('sleepy', { stallsAfterBlocks: 7, bytesPerSecond: 1e6 });
    trial.network.add('steady', { bytesPerSecond: 5e5 });
    trial.start();
    await trial.complete(15_000);
    expect(trial.snapshot.sources.find(({ name }) => name === 'sleepy')?.reason).toBe('it stalled');
  });

  it('bans a lone liar, says why, and tries it again after a long time', async () => {
    const trial = new DownloadTrial(9);
    const liar = trial.network.add('liar', { corruptShare: 1 });
    trial.start();
    await trial.until(() => trial.states.includes('waiting: sources_avoided'));
    expect(trial.snapshot.sources[0]).toMatchObject({ state: 'avoided', reason: 'it sent a bad chunk' });
    expect(trial.snapshot.sources[0]?.badChunks).toBeGreaterThan(0);
    await trial.pass(30_000);
    expect(liar.dials).toBe(1);
    liar.behaviour = {};
    await trial.complete(100_000);
  });

  it.each(['unasked', 'short', 'twice'] as const)('drops a source that sends %s data', async (misconduct) => {
    const trial = new DownloadTrial(10);
    const rude = trial.network.add('rude', { misconduct, bytesPerSecond: 1e6 });
    trial.network.add('steady', { bytesPerSecond: 1e6, latencyMs: 5 });
    trial.start();
    await trial.complete(20_000);
    expect(rude.dials).toBe(1);
    expect(trial.snapshot.sources.find(({ name }) => name === 'rude')?.reason).toBe('it sent data nobody asked for');
  });

  it('takes partial sources, and chunks they announce later', async () => {
    const trial = new DownloadTrial(11);
    const all = Array.from({ length: trial.geometry.chunkCount }, (_, chunk) => chunk);
    trial.network.add('even', { have: all.filter((chunk) => chunk % 2 === 0) });
    trial.network.add('late', { have: [], gains: all.filter((chunk) => chunk % 2 === 1), gainEveryMs: 50 });
    trial.start();
    await trial.complete(10_000);
    expect(trial.snapshot.wastedBytes).toBe(0);
  });

  it('leaves a download that lacks one chunk waiting, not spinning', async () => {
    const trial = new DownloadTrial(12);
    const all = Array.from({ length: trial.geometry.chunkCount }, (_, chunk) => chunk);
    trial.network.add('partial', { have: all.slice(1) });
    trial.start();
    await trial.until(() => trial.snapshot.chunksDone === all.length - 1);
    const sent = trial.network.sentBytes;
    await trial.pass(10_000);
    expect([trial.snapshot.state, trial.network.sentBytes]).toEqual(['waiting', sent]);
    expect(trial.snapshot.reason?.code).toBe('no_source');
  });

  it.each(['rarest-first', 'random'] as const)('completes with %s', async (scheduler) => {
    const trial = new DownloadTrial(13, { scheduler });
    for (const name of ['a', 'b']) trial.network.add(name, { bytesPerSecond: 2e6 });
    trial.start();
    await trial.complete();
    expect(trial.told).not.toEqual([...trial.told].sort((a, b) => a - b));
  });

  it('begins at the beginning with the sequential scheduler', async () => {
    const trial = new DownloadTrial(13, { scheduler: 'sequential' });
    trial.network.add('a', { bytesPerSecond: 2e6 });
    trial.start();
    await trial.complete();
    expect(trial.told).toEqual([...trial.told].sort((a, b) => a - b));
  });

  it('holds no more memory than its bound, however slow the disk', async () => {
    const trial = new DownloadTrial(14, { sizeBytes: 8 * 1024 * 1024 });
    for (const name of ['a', 'b', 'c']) trial.network.add(name);
    trial.start();
    await trial.complete();
    expect(trial.network.borrowedBytesMax).toBeLessThan(33 * 1024 * 1024);
  });
});

describe('DownloadRun, with sources as they come', () => {
  const behaviours: readonly ((below: (bound: number) => number) => SourceBehaviour)[] = [
    (below) => ({ diesAfterBlocks: 1 + below(30) }),
    (below) => ({ stallsAfterBlocks: below(30) }),
    () => ({ corruptShare: 0.2 }),
    () => ({ refusedShare: 0.3 }),
    () => ({ refusedShare: 0.3, refusalCode: 'closing' }),
    () => ({ refusedShare: 0.1, refusalCode: 'chunk_missing' }),
    (below) => ({ bytesPerSecond: 20_000 + below(100_000) }),
    (below) => ({ have: Array.from({ length: 12 }, (_, at) => at * 2).slice(below(12)) }),
    (below) => ({ have: [], gains: Array.from({ length: 24 }, (_, at) => at), gainEveryMs: 20 + below(200) }),
  ];

  it.each(Array.from({ length: 24 }, (_, at) => 1000 + at))(
    'completes whenever an honest one stays (seed %i)',
    async (seed) => {
      const trial = new DownloadTrial(seed);
      const below = (bound: number): number => trial.random.below(bound);
      trial.network.add('honest', { bytesPerSecond: 200_000 + below(3_000_000), latencyMs: below(80) });
      for (let at = below(7); at >= 0; at -= 1) {
        const behaviour = behaviours[below(behaviours.length)]?.(below);
        trial.network.add(`other-${at}`, {
          bytesPerSecond: 500_000 + below(2_000_000),
          latencyMs: below(80),
          ...behaviour,
        });
      }
      trial.start();
      await trial.complete(300_000);
      const liars = trial.snapshot.sources.filter(({ badChunks }) => badChunks > 0);
      for (const { peerId } of liars)
        expect(trial.network.sources.get(peerId)?.behaviour.corruptShare).toBeGreaterThan(0);
      expect(trial.snapshot.wastedBytes).toBeLessThan(trial.content.length);
    },
  );

  it.each([2001, 2002, 2003, 2004])('finds a liar that lies only now and then (seed %i)', async (seed) => {
    const trial = new DownloadTrial(seed, { sizeBytes: 8 * 1024 * 1024 });
    for (const name of ['a', 'b', 'c']) trial.network.add(name, { bytesPerSecond: 300_000 });
    const liar = trial.network.add('liar', { bytesPerSecond: 300_000, corruptShare: 0.3 });
    trial.start();
    await trial.complete();
    const seen = trial.snapshot.sources.find(({ peerId }) => peerId === liar.address.peerId);
    expect(seen?.badChunks).toBeGreaterThan(0);
  });
});
