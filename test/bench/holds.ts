/**
 * How long single steps on the tracker's table hold the event loop when one torrent is very hot (all its peers are in one
 * slot), and when peers with many torrents come and go together. Prints JSON: the longest single call, ms by the clock.
 *
 *   npm run bench -- holds --hot 1000000 --entries 4000000
 */
import { parseArgs } from 'node:util';
import type { ClusterRecord } from '@panal/cluster';
import { SeededRandom } from '@panal/runtime';
import { encodeRecordKey, entryValue, slotOfKey, TrackerTable } from '@panal/tracking';

const LIFE_MS = 45 * 60_000;
const TORRENTS_PER_PEER = 8_192;
const STAMP_PER_MS = 4_096;
const CHURNED_PEERS_MAX = 400;
const PURGE_PER_TICK = 4_096;
const DROPPED_PER_TICK = 8_192;

const { values } = parseArgs({
  options: { hot: { type: 'string', default: '1000000' }, entries: { type: 'string', default: '4000000' } },
});
const hotCount = Number(values.hot);
const otherCount = Number(values.entries);
const busyPeers = Math.floor(otherCount / TORRENTS_PER_PEER);

const random = new SeededRandom(1);
const nowMs = Date.now();
let stamp = nowMs * STAMP_PER_MS;
const lives = { softMs: LIFE_MS, durableTombstoneMs: LIFE_MS };
const table = new TrackerTable({ seed: { high: 1, low: 2 }, lives, random });
const peerIds = Array.from({ length: busyPeers }, () => random.bytes(16));
const torrentIds = Array.from({ length: TORRENTS_PER_PEER }, () => random.bytes(32));
const hotId = random.bytes(32);

function recordOf(contentId: Buffer, peerId: Buffer): ClusterRecord {
  const key = encodeRecordKey({ kind: 'entry', namespace: 'default', contentId, peerId });
  stamp += 1;
  return {
    key,
    slot: slotOfKey(key),
    recordClass: 'soft',
    clock: stamp,
    origin: 1,
    isDead: false,
    serveUntilMs: nowMs + LIFE_MS,
    value: entryValue({ isComplete: stamp % 3 === 0 }),
  };
}

function timed(work: () => void): number {
  const startMs = performance.now();
  work();
  return Number((performance.now() - startMs).toFixed(2));
}

/** Calls `work` until it says that nothing is left. @returns The longest call, and how many there were. */
function longest(work: () => boolean): { longestMs: number; calls: number; totalMs: number } {
  let [longestMs, totalMs, calls] = [0, 0, 0];
  for (let isLeft = true; isLeft; calls += 1) {
    const tookMs = timed(() => (isLeft = work()));
    longestMs = Math.max(longestMs, tookMs);
    totalMs += tookMs;
  }
  return { longestMs, calls, totalMs: Math.round(totalMs) };
}

/** What a tracker does with every tick. */
const tick = (): void => void table.purge(nowMs, PURGE_PER_TICK);

for (const peer of peerIds) {
  table.setPeerFloor(peer.toString('hex'), 0);
  for (const torrent of torrentIds) table.apply(recordOf(torrent, peer), nowMs);
}
for (let peer = 0; peer < hotCount; peer += 1) {
  const id = random.bytes(16);
  table.setPeerFloor(id.toString('hex'), 0);
  table.apply(recordOf(hotId, id), nowMs);
}
const slot = recordOf(hotId, peerIds[0] as Buffer).slot;
let counted = 0;
const leafMs = Array.from({ length: 16 }, (_, leaf) =>
  timed(() => {
    for (const { clock } of table.records(slot, leaf)) counted += Number(clock > 0);
  }),
);
const churned = peerIds.slice(0, CHURNED_PEERS_MAX).map((id) => id.toString('hex'));
tick();
const floorMs = timed(() => table.setPeerFloor(churned[0] as string, Number.POSITIVE_INFINITY));
tick();
const allAtOnceMs = timed(() => {
  for (const id of churned) table.setPeerFloor(id, Number.POSITIVE_INFINITY);
});
const servedAfterMs = longest(() => {
  table.purge(nowMs, PURGE_PER_TICK);
  return table.entries.servedCount > table.recordCount - churned.length * TORRENTS_PER_PEER;
});
const drop = longest(() => {
  table.dropSlot(slot, DROPPED_PER_TICK);
  return table.recordCountIn(slot) > 0;
});
console.log(
  JSON.stringify(
    {
      bench: 'holds',
      node: process.version,
      hot: hotCount,
      others: busyPeers * TORRENTS_PER_PEER,
      counted,
      recordsOfOneLeaf: {
        longestMs: Math.max(...leafMs),
        all16Ms: Math.round(leafMs.reduce((sum, ms) => sum + ms, 0)),
      },
      floorOfOnePeer: { torrents: TORRENTS_PER_PEER, longestMs: floorMs },
      floorsOfManyPeers: { peers: churned.length, ms: allAtOnceMs, ticksAfterwards: servedAfterMs },
      dropSlot: drop,
    },
    undefined,
    2,
  ),
);
