import { ManualClock } from './clock.js';

describe('ManualClock', () => {
  it('fires timers in the order they fall due, at their own time', () => {
    const clock = new ManualClock();
    const fired: string[] = [];
    clock.after(30, () => fired.push(`after@${clock.monotonicMs()}`));
    clock.every(20, () => fired.push(`every@${clock.monotonicMs()}`));
    clock.advance(45);
    expect(fired).toEqual(['every@20', 'after@30', 'every@40']);
  });

  it('does not fire what was cancelled', () => {
    const clock = new ManualClock();
    let fired = 0;
    const cancel = clock.every(10, () => {
      fired += 1;
    });
    clock.advance(10);
    cancel();
    clock.advance(100);
    expect(fired).toBe(1);
  });
});
