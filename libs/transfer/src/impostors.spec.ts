import { DownloadTrial } from './download-trial.fixture.js';
import type { SimulatedSource, SourceBehaviour } from './simulated-network.fixture.js';

/** A download with an honest peer, and somebody who came to us under its id. */
function meet(seed: number, behaviour: SourceBehaviour) {
  const trial = new DownloadTrial(seed);
  const honest = trial.network.add('honest', { bytesPerSecond: 1e6, latencyMs: 10 });
  const impostor = trial.network.addImpostor(honest, { bytesPerSecond: 1e6, latencyMs: 5, ...behaviour });
  const offer = (source: SimulatedSource): void => trial.run.offer([source.address]);
  trial.run.start();
  return { trial, honest, impostor, offer };
}

describe('DownloadRun, when a visitor claims the id of another peer', () => {
  it.each([
    ['is known before it', 5001, 0],
    ['is known after it', 5002, 500],
  ])('fetches from the peer when the impostor that lies %s', async (_when, seed, afterMs) => {
    const { trial, honest, impostor, offer } = meet(seed, { corruptShare: 1 });
    offer(impostor);
    await trial.pass(afterMs);
    offer(honest);
    await trial.complete(20_000);
    expect(honest.blocksSent).toBeGreaterThan(100);
  });

  it.each([5011, 5012, 5013])(
    'leaves an impostor that hangs for the peer, once that is known (seed %i)',
    async (seed) => {
      const { trial, honest, impostor, offer } = meet(seed, { stallsAfterBlocks: (seed - 5011) * 5 });
      offer(impostor);
      await trial.pass(2000);
      offer(honest);
      await trial.complete(40_000);
      expect(honest.blocksSent).toBeGreaterThan(100);
    },
  );

  it('goes back to the peer after a lost link, not to the impostor', async () => {
    const { trial, honest, impostor, offer } = meet(5021, { corruptShare: 1 });
    honest.behaviour = { ...honest.behaviour, diesAfterBlocks: 50 };
    offer(honest);
    await trial.pass(100);
    offer(impostor);
    await trial.complete(60_000);
    expect([honest.dials > 2, impostor.dials]).toEqual([true, 0]);
  });

  it('does not blame the peer for what the impostor sent before it went', async () => {
    const { trial, honest, impostor, offer } = meet(5031, { corruptShare: 1 });
    offer(impostor);
    await trial.until(() => impostor.blocksSent > 2);
    impostor.behaviour = { isDialable: false };
    impostor.link?.cut('it went');
    offer(honest);
    await trial.complete(20_000);
    expect(trial.snapshot.sources[0]).toMatchObject({ badChunks: 0 });
    expect(honest.dials).toBe(1);
  });

  it('tries an address that is only claimed when there is no other', async () => {
    const { trial, impostor, offer } = meet(5041, {});
    offer(impostor);
    await trial.complete(20_000);
    expect(impostor.dials).toBe(1);
  });

  it('bans a liar at each of its addresses', async () => {
    const { trial, impostor, offer } = meet(5051, { corruptShare: 1 });
    const other = trial.network.addImpostor(impostor, { corruptShare: 1 });
    for (let round = 0; round < 10; round += 1) {
      offer(impostor);
      offer(other);
      await trial.pass(5000);
    }
    expect([impostor.dials, other.dials, trial.snapshot.state]).toEqual([1, 1, 'waiting']);
  });
});
