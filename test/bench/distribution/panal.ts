import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type PeerProcess, ProcessCluster, type ServerProcess } from '../../cluster/process-cluster.js';
import type { Arena, Contest, Contestant } from './contestant.js';
import type { Host } from './network.js';

/** How often a file name is looked at. */
const POLL_MS = 20;
/** How often a peer is asked whether it failed: rarely, a question costs it a millisecond. */
const ASK_MS = 1000;
const STOP_MS_MAX = 15_000;

/** An address of its own for each, named to the others: on loopback a tracker would see 127.0.0.1 for everybody. */
const flagsOf = ({ address }: Host): readonly string[] =>
  `--listen ${address}:5550 --advertise ${address}:5550 --api ${address}:5580`.split(' ');

/** @param version What is measured, such as a commit. */
export function panal(version: string): Contestant {
  return { name: 'panal', version, settings: {}, start };
}

async function start({ network, folder, source, targets }: Arena): Promise<Contest> {
  const cluster = new ProcessCluster(folder);
  try {
    const rpc = ['--listen', `${network.tracker.address}:5555`];
    const tracker = await cluster.startTracker('t1', rpc, network.tracker.launcher);
    const startPeer = (name: string, host: Host): Promise<PeerProcess> =>
      cluster.startPeer(name, { extra: flagsOf(host), launcher: host.launcher });
    const provider = await startPeer('provider', network.provider);
    const downloaders: PeerProcess[] = [];
    for (const [index, host] of network.downloaders.entries()) {
      downloaders.push(await startPeer(`downloader-${index + 1}`, host));
    }
    const share = await provider.untilComplete((await provider.share({ path: source })).id);
    const pids = [tracker, provider, ...downloaders].map(({ child }) => child.pid as number);
    return {
      pids: () => pids,
      distribute: async (signal) => {
        const fetched = downloaders.map((peer, index) =>
          fetchContent(peer, share.hash as string, targets[index], signal),
        );
        await Promise.all(fetched);
      },
      stop: () => stopOf(cluster, [tracker, provider, ...downloaders]),
    };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/**
 * From `get` to the state `complete`. In between only the name of the content is watched, which appears when all of it
 * is verified: asking the peer all the time would cost it more than its trackers do.
 */
async function fetchContent(peer: PeerProcess, hash: string, target = '', signal: AbortSignal): Promise<void> {
  const { id } = await peer.download({ hash, directory: target });
  let askAtMs = performance.now() + ASK_MS;
  while (!existsSync(path.join(target, 'content'))) {
    await wait(POLL_MS, undefined, { signal });
    if (performance.now() < askAtMs) continue;
    const { state, reason } = await peer.view(id);
    if (state === 'failed') throw new Error(`${reason?.code}: ${reason?.message}`);
    askAtMs = performance.now() + ASK_MS;
  }
  await peer.untilComplete(id);
}

/** Politely, but not for ever. */
async function stopOf(cluster: ProcessCluster, servers: readonly ServerProcess[]): Promise<void> {
  const kill = (): void => {
    for (const { child } of servers) child.kill('SIGKILL');
  };
  const timer = setTimeout(kill, STOP_MS_MAX);
  await cluster.stop();
  clearTimeout(timer);
}
