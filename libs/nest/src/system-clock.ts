import type { CancelTimer, Clock, Timers } from '@panal/runtime';

/** The machine's clocks. */
export class SystemClock implements Clock {
  nowMs(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }
}

/** The machine's timers. They do not keep a process alive: sockets and servers do. */
export class SystemTimers implements Timers {
  after(delayMs: number, callback: () => void): CancelTimer {
    const timer = setTimeout(callback, delayMs).unref();
    return () => clearTimeout(timer);
  }

  every(intervalMs: number, callback: () => void): CancelTimer {
    const timer = setInterval(callback, intervalMs).unref();
    return () => clearInterval(timer);
  }
}
