/**
 * One link between two trackers, each a process of its own: small events (what a batch of the replication says besides its
 * records), batches of 64 KiB, and requests with some of them open at once. Prints JSON: rates, and the CPU time of each side.
 *
 *   npm run bench -- links --events 1000000 --requests 200000 --batches 20000 --open 64
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { SystemClock, SystemRandom, SystemTimers } from '@panal/nest';
import { type HostPort, silentLogger } from '@panal/runtime';
import { type ClusterLinksHandlers, TcpClusterLinks } from '@panal/transport-tcp';
import { HybridClock } from '@panal/wire';

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '1000000' },
    requests: { type: 'string', default: '200000' },
    batches: { type: 'string', default: '20000' },
    open: { type: 'string', default: '64' },
    receiver: { type: 'boolean', default: false },
  },
});
const SENDER_ID = 'a'.repeat(32);
const RECEIVER_ID = 'b'.repeat(32);
const BATCH_BYTES = 64 * 1024;
/** Waiting beyond this the sender lets the other side catch up, as the replication's tokens do. */
const QUEUED_BYTES_MAX = 4 * 1024 * 1024;

async function startLinks(id: string, handlers: ClusterLinksHandlers): Promise<[TcpClusterLinks, HostPort]> {
  const links = new TcpClusterLinks({
    self: { id, startedAt: 1 },
    identity: { role: 'tracker', cluster: 'bench', principal: `tracker:${id.slice(0, 1)}` },
    secret: Buffer.alloc(32, 1),
    ports: {
      clock: new SystemClock(),
      timers: new SystemTimers(),
      random: new SystemRandom(),
      hybridClock: new HybridClock(),
    },
    logger: silentLogger,
    handlers,
  });
  return [links, await links.listen({ host: '127.0.0.1', port: 0 })];
}

/** The other side: counts, answers, and says on request what it took. */
async function receive(): Promise<void> {
  let messageCount = 0;
  const [, address] = await startLinks(RECEIVER_ID, {
    onMessage: () => {
      messageCount += 1;
    },
    onRequest: async (_from, pattern, data) => {
      if (pattern === 'bench.links.echo') return data;
      const { user, system } = process.cpuUsage();
      return { messageCount, cpuMicros: user + system };
    },
    onDatagram: () => undefined,
  });
  process.send?.(address);
  process.once('disconnect', () => process.exit(0));
}

interface Phase {
  readonly count: number;
  readonly perSecond: number;
  readonly seconds: number;
  readonly senderCpuSeconds: number;
  readonly receiverCpuSeconds: number;
}

async function measure(links: TcpClusterLinks, count: number, work: () => Promise<void>): Promise<Phase> {
  const remote = async () =>
    (await links.request(RECEIVER_ID, 'bench.links.state', null)) as { messageCount: number; cpuMicros: number };
  const before = await remote();
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  await work();
  // Ordered behind all that was sent.
  const after = await remote();
  const seconds = (performance.now() - startMs) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return {
    count,
    perSecond: Math.round(count / seconds),
    seconds: round(seconds),
    senderCpuSeconds: round((user + system) / 1e6),
    receiverCpuSeconds: round((after.cpuMicros - before.cpuMicros) / 1e6),
  };
}

/** @param perTurn Messages for each turn of the event loop, as many as come in together in life. */
async function sendAll(
  links: TcpClusterLinks,
  { count, perTurn }: { count: number; perTurn: number },
  message: (n: number) => object,
): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    if (!links.send(RECEIVER_ID, message(n))) throw new Error('a message was dropped');
    if (n % perTurn === perTurn - 1) {
      do await setImmediate();
      while (links.queuedBytes(RECEIVER_ID) > QUEUED_BYTES_MAX);
    }
  }
}

async function askAll(links: TcpClusterLinks, count: number, openCount: number): Promise<void> {
  let asked = 0;
  const lane = async (): Promise<void> => {
    while (asked < count) {
      asked += 1;
      await links.request(RECEIVER_ID, 'bench.links.echo', { slot: asked });
    }
  };
  await Promise.all(Array.from({ length: openCount }, lane));
}

async function send(): Promise<void> {
  const [eventCount, requestCount] = [Number(values.events), Number(values.requests)];
  const [batchCount, openCount] = [Number(values.batches), Number(values.open)];
  const receiver = fork(fileURLToPath(import.meta.url), ['--receiver']);
  const [address] = (await once(receiver, 'message')) as [HostPort];
  const [links] = await startLinks(SENDER_ID, {
    onMessage: () => undefined,
    onRequest: async () => null,
    onDatagram: () => undefined,
  });
  links.setMembers([{ id: RECEIVER_ID, cluster: address }]);
  const key = Buffer.alloc(16, 7);
  const small = (n: number): object => ({ kind: 'applied', token: n, results: key });
  const batch = Buffer.alloc(BATCH_BYTES, 3);
  const [ofEvents, ofBatches] = [
    { count: eventCount, perTurn: 256 },
    { count: batchCount, perTurn: 16 },
  ];
  await sendAll(links, { count: 20_000, perTurn: 256 }, small);
  const events = await measure(links, eventCount, () => sendAll(links, ofEvents, small));
  const requests = await measure(links, requestCount, () => askAll(links, requestCount, openCount));
  const batches = await measure(links, batchCount, () =>
    sendAll(links, ofBatches, (n) => ({ kind: 'apply', n, batch })),
  );
  const mibPerSecond = Math.round((batches.perSecond * BATCH_BYTES) / 2 ** 20);
  console.log(
    JSON.stringify({ events, requests: { ...requests, openCount }, batches: { ...batches, mibPerSecond } }, null, 2),
  );
  receiver.disconnect();
  await links.close();
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

await (values.receiver ? receive() : send());
