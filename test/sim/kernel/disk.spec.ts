import { SimulatedDisk } from './disk.js';
import { Simulation } from './simulation.js';

const texts = (disk: SimulatedDisk) => disk.read('log').map(String);

function disk(seed = 1) {
  const simulation = new Simulation(seed);
  return { simulation, disk: new SimulatedDisk(simulation, 'd') };
}

describe('SimulatedDisk', () => {
  it('keeps through a crash what a sync covered, and of the rest at most a beginning', () => {
    const ends = new Set<string>();
    for (let seed = 0; seed < 40; seed += 1) {
      const { simulation, disk: log } = disk(seed);
      log.append('log', Buffer.from('1'));
      let isSynced = false;
      log.sync(() => {
        isSynced = true;
      });
      log.append('log', Buffer.from('2'));
      simulation.runUntil(100);
      log.append('log', Buffer.from('3'));
      expect([isSynced, texts(log)]).toEqual([true, ['1', '2', '3']]);
      log.crash();
      ends.add(texts(log).join(''));
    }
    expect([...ends].sort()).toEqual(['1', '12', '123']);
  });

  it('never calls back for a sync that a crash overtook', () => {
    const { simulation, disk: log } = disk();
    log.append('log', Buffer.from('1'));
    let callCount = 0;
    log.sync(() => {
      callCount += 1;
    });
    log.crash();
    simulation.runUntil(1000);
    expect(callCount).toBe(0);
  });

  it('replaces a file as a whole', () => {
    for (let seed = 0; seed < 10; seed += 1) {
      const { simulation, disk: log } = disk(seed);
      for (const text of ['1', '2']) log.append('log', Buffer.from(text));
      log.sync(() => undefined);
      simulation.runUntil(100);
      log.rewrite('log', [Buffer.from('12')]);
      log.crash();
      expect([['1', '2'], ['12']]).toContainEqual(texts(log));
    }
  });

  it('can be emptied, and set back to what it was', () => {
    const { disk: log } = disk();
    log.append('log', Buffer.from('old'));
    const image = log.image();
    log.append('log', Buffer.from('new'));
    log.restore(image);
    expect(texts(log)).toEqual(['old']);
    log.wipe();
    expect(texts(log)).toEqual([]);
  });

  it('stalls when it is told to', () => {
    const { simulation, disk: log } = disk();
    log.speed = { syncMs: { min: 1, max: 1 }, stallRate: 1, stallMs: 700 };
    let atMs = 0;
    log.sync(() => {
      atMs = simulation.nowMs;
    });
    simulation.runUntil(1000);
    expect(atMs).toBe(700);
  });
});
