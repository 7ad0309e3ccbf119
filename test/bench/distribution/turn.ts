import { createServer, type Server } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** An abstract socket of Linux: one process can have it, and it is gone with that process. */
const NAME = '\0panal-bench-distribute';
const POLL_MS = 500;
const PATIENCE_MS = 600_000;

/**
 * Waits until no other benchmark of this kind measures on this machine, runs `work`, and lets the next one measure.
 * Works without the turn when patience is over: `noise` tells.
 */
export async function inTurn<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  let turn = await take();
  while (turn === undefined && performance.now() < deadlineMs) {
    await wait(POLL_MS, undefined, { signal });
    turn = await take();
  }
  try {
    return await work();
  } finally {
    turn?.close();
  }
}

function take(): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(NAME, () => resolve(server));
  });
}
