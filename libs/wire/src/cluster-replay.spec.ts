import fc from 'fast-check';
import { ReplayGuard } from './cluster-replay.js';
import { DATAGRAM_SKEW_MAX_MS, DATAGRAM_WINDOW } from './limits.js';

describe('ReplayGuard', () => {
  it('takes a number at most once, and each that is not far behind, as a plain set would', () => {
    const steps = fc.array(fc.integer({ min: -1500, max: 1500 }), { maxLength: 300 });
    fc.assert(
      fc.property(steps, (offsets) => {
        const guard = new ReplayGuard();
        const seen = new Set<number>();
        let highest = -1;
        for (const offset of offsets) {
          const sequence = Math.max(0, highest + offset);
          const isKnown = seen.has(sequence) || highest - sequence >= DATAGRAM_WINDOW;
          expect(guard.take({ sender: 'a', sequence, sentAtMs: 0 }, 0)).toBe(isKnown ? 'replay' : 'fresh');
          seen.add(sequence);
          highest = Math.max(highest, sequence);
        }
      }),
    );
  });

  it('keeps the senders apart', () => {
    const guard = new ReplayGuard();
    for (const sender of ['a', 'b']) expect(guard.take({ sender, sequence: 5, sentAtMs: 0 }, 0)).toBe('fresh');
    for (const sender of ['a', 'b']) expect(guard.take({ sender, sequence: 5, sentAtMs: 0 }, 0)).toBe('replay');
  });

  it('refuses a sender too many rather than forget one that could be replayed', () => {
    const guard = new ReplayGuard(2);
    const take = (sender: string, nowMs: number) => guard.take({ sender, sequence: 1, sentAtMs: nowMs }, nowMs);
    expect([take('a', 0), take('b', 10)]).toEqual(['fresh', 'fresh']);
    expect(take('c', DATAGRAM_SKEW_MAX_MS)).toBe('senders');
    expect(take('c', DATAGRAM_SKEW_MAX_MS + 1)).toBe('fresh');
    expect(guard.senderCount).toBe(2);
    // `b` is still known.
    expect(take('b', DATAGRAM_SKEW_MAX_MS + 2)).toBe('replay');
  });

  it('jumps far ahead at once', () => {
    const guard = new ReplayGuard();
    for (const sequence of [0, 2 ** 47, 2 ** 47 - 1]) {
      expect(guard.take({ sender: 'a', sequence, sentAtMs: 0 }, 0)).toBe('fresh');
    }
    expect(guard.take({ sender: 'a', sequence: 0, sentAtMs: 0 }, 0)).toBe('replay');
  });
});
