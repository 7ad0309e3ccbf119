import { ManualClock, SeededRandom, silentLogger } from '@panal/runtime';
import { LOOKUP_FIRST_MS, LOOKUP_MAX_MS } from '../peer-limits.js';
import { AnnounceLoop } from './announce-loop.js';

class Bed {
  readonly clock = new ManualClock();
  readonly pending: { resolve: () => void; reject: (error: Error) => void }[] = [];
  count = 0;
  nextMs: number | undefined;
  readonly loop = new AnnounceLoop({
    announce: () => {
      this.count += 1;
      return new Promise((resolve, reject) => this.pending.push({ resolve, reject }));
    },
    nextMs: () => this.nextMs,
    timers: this.clock,
    random: new SeededRandom(1),
    logger: silentLogger,
  });

  async answer(error?: Error): Promise<void> {
    const announce = this.pending.shift();
    if (error === undefined) announce?.resolve();
    else announce?.reject(error);
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  }
}

describe('AnnounceLoop', () => {
  it('announces once when woken, and is then quiet', async () => {
    const bed = new Bed();
    bed.loop.wake();
    await bed.answer();
    bed.clock.advance(60_000);
    expect(bed.count).toBe(1);
    expect(bed.loop.trouble).toBeNull();
  });

  it('announces once more for any number of changes during an announce', async () => {
    const bed = new Bed();
    bed.loop.wake();
    bed.loop.wake();
    bed.loop.wake();
    expect(bed.count).toBe(1);
    await bed.answer();
    expect(bed.count).toBe(2);
    await bed.answer();
    expect(bed.count).toBe(2);
  });

  it('tells why the trackers do not know it, and tries again after growing pauses with an end', async () => {
    const bed = new Bed();
    bed.loop.wake();
    for (let attempt = 1; attempt < 8; attempt += 1) {
      await bed.answer(new Error('down'));
      expect(bed.loop.trouble).toMatchObject({ code: 'internal' });
      bed.clock.advance(LOOKUP_FIRST_MS * 0.75 - 1);
      expect(bed.count).toBe(attempt);
      bed.clock.advance(LOOKUP_MAX_MS * 1.25);
      expect(bed.count).toBe(attempt + 1);
    }
    await bed.answer();
    expect(bed.loop.trouble).toBeNull();
  });

  it('says whether a tracker has ever taken it', async () => {
    const bed = new Bed();
    bed.loop.wake();
    await bed.answer(new Error('down'));
    expect(bed.loop.wasTaken).toBe(false);
    bed.loop.wake();
    await bed.answer();
    bed.loop.wake();
    await bed.answer(new Error('down'));
    expect(bed.loop.wasTaken).toBe(true);
  });

  it('asks again as soon as it is told to', async () => {
    const bed = new Bed();
    bed.nextMs = 1_000;
    bed.loop.wake();
    await bed.answer();
    bed.clock.advance(749);
    expect(bed.count).toBe(1);
    bed.clock.advance(502);
    expect(bed.count).toBe(2);
  });

  it('is silent once stopped, also when an answer comes later', async () => {
    const bed = new Bed();
    bed.nextMs = 10;
    expect(bed.loop.stop()).toBe(false);
    const other = new Bed();
    other.nextMs = 10;
    other.loop.wake();
    expect(other.loop.stop()).toBe(true);
    await other.answer();
    other.clock.advance(60_000);
    expect(other.count).toBe(1);
  });
});
