/**
 * Where a downloader should hash: on its main thread, or in workers over shared buffers. A sender process pushes bytes
 * through loopback; the receiver reads them into 1 MiB slots, hashes the leaves of each as a chunk's verifier does, and
 * writes them to a file in turn. Prints JSON: MB/s, CPU seconds per GB of the receiver, and how long its event loop was
 * held up.
 *
 *   npm run bench -- hashing --size-mib 2048 --rounds 3 --folder /var/tmp
 */
import { fork } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { merkleRootOf } from '@panal/torrent';

const MIB = 1024 * 1024;
const LEAVES = 64;
const SLOTS = 16;

interface Slot {
  readonly bytes: Buffer;
  readonly index: number;
}
type Hash = (slot: Slot) => Promise<void> | void;

if (!isMainThread) work();
else if (process.argv[2] === 'send') send(Number(process.argv[3]));
else await measure();

/** The worker: gets the shared memory once, and then the numbers of slots to hash. */
function work(): void {
  let slots: Buffer | undefined;
  parentPort?.on('message', (message: SharedArrayBuffer | number) => {
    if (typeof message !== 'number') slots = Buffer.from(message);
    else {
      merkleRootOf((slots as Buffer).subarray(message * MIB, (message + 1) * MIB), LEAVES);
      parentPort?.postMessage(message);
    }
  });
}

function send(totalBytes: number): void {
  const block = Buffer.alloc(MIB, 7);
  const server = createServer((socket) => {
    let sentBytes = 0;
    const more = (): void => {
      while (sentBytes < totalBytes && socket.write(block)) sentBytes += MIB;
      if (sentBytes < totalBytes) sentBytes += MIB;
      else socket.end();
    };
    socket.on('drain', more);
    more();
    server.close();
  });
  server.listen(0, '127.0.0.1', () => process.send?.(server.address()));
}

async function measure(): Promise<void> {
  const options = { 'size-mib': { type: 'string' }, rounds: { type: 'string' }, folder: { type: 'string' } } as const;
  const { values } = parseArgs({ args: process.argv.slice(2), options });
  const sizeMib = Number(values['size-mib'] ?? 1024);
  const folder = await mkdtemp(path.join(values.folder ?? tmpdir(), 'panal-hashing-'));
  const results: Record<string, object[]> = { inline: [], 'one worker': [], 'two workers': [] };
  try {
    for (let round = 0; round < Number(values.rounds ?? 3); round += 1) {
      for (const [workerCount, runs] of Object.values(results).entries())
        runs.push(await run(sizeMib, workerCount, folder));
    }
    console.log(JSON.stringify({ bench: 'hashing', sizeMib, node: process.version, results }, null, 2));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function run(sizeMib: number, workerCount: number, folder: string): Promise<object> {
  const memory = new SharedArrayBuffer(SLOTS * MIB);
  const { hash, end } = hasher(workerCount, memory);
  const handle = await open(path.join(folder, 'content'), 'w');
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const sender = fork(fileURLToPath(import.meta.url), ['send', String(sizeMib * MIB)]);
  const { port } = await new Promise<{ port: number }>((resolve) =>
    sender.once('message', resolve as (m: unknown) => void),
  );
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  delay.enable();
  let writing: Promise<unknown> = Promise.resolve();
  await receive(port, Buffer.from(memory), async (slot, at) => {
    await hash(slot);
    writing = writing.then(() => handle.write(slot.bytes, 0, MIB, at * MIB));
    await writing;
  });
  const seconds = (performance.now() - startMs) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  delay.disable();
  await handle.close();
  end();
  const gigabytes = (sizeMib * MIB) / 1e9;
  return {
    megabytesPerSecond: Math.round((gigabytes * 1000) / seconds),
    receiverCpuSecondsPerGb: Number(((user + system) / 1e6 / gigabytes).toFixed(2)),
    loopDelayP99Ms: Number((delay.percentile(99) / 1e6).toFixed(1)),
  };
}

function hasher(workerCount: number, memory: SharedArrayBuffer): { hash: Hash; end: () => void } {
  if (workerCount === 0) return { hash: ({ bytes }) => void merkleRootOf(bytes, LEAVES), end: () => undefined };
  const waiting = new Map<number, () => void>();
  const workers = Array.from({ length: workerCount }, () => {
    const worker = new Worker(new URL(import.meta.url));
    worker.postMessage(memory);
    worker.on('message', (index: number) => waiting.get(index)?.());
    return worker;
  });
  return {
    hash: ({ index }) =>
      new Promise((resolve) => {
        waiting.set(index, resolve);
        workers[index % workerCount]?.postMessage(index);
      }),
    end: () => void Promise.all(workers.map((worker) => worker.terminate())),
  };
}

/** Reads whole slots; reading stops while all of them are in use. Settles when the last one is done with. */
function receive(port: number, memory: Buffer, done: (slot: Slot, at: number) => Promise<void>): Promise<void> {
  const free = Array.from({ length: SLOTS }, (_, index) => index);
  const spare = Buffer.alloc(MIB);
  let [current, filled, count, busy, isEnded] = [free.pop(), 0, 0, 0, false];
  return new Promise((resolve, reject) => {
    const target = (): Buffer =>
      current === undefined ? spare : memory.subarray(current * MIB + filled, (current + 1) * MIB);
    const settle = (): void => void (isEnded && busy === 0 && resolve());
    const socket = connect({
      port,
      host: '127.0.0.1',
      onread: {
        buffer: target,
        callback: (size) => {
          // The one read that was under way when the slots ran out went to the spare: it opens the next slot.
          if (current === undefined) return false;
          filled += size;
          if (filled < MIB) return true;
          const index = current;
          busy += 1;
          filled = 0;
          current = free.pop();
          done({ bytes: memory.subarray(index * MIB, (index + 1) * MIB), index }, count++).then(() => {
            busy -= 1;
            free.push(index);
            if (current === undefined) {
              current = free.pop();
              socket.resume();
            }
            settle();
          }, reject);
          return current !== undefined;
        },
      },
    });
    socket.on('error', reject);
    socket.on('close', () => {
      isEnded = true;
      settle();
    });
  });
}
