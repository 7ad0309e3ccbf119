import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type PeerProcess, ProcessCluster } from '../../cluster/process-cluster.js';
import type { Arena, Contest, Contestant } from './contestant.js';
import type { Host } from './network.js';

/** How often a file name is looked at. */
const POLL_MS = 20;
/** How often a peer is asked whether it failed: rarely, a question costs it a millisecond. */
const ASK_MS = 1000;

const FLAGS = (host: Host): readonly string[] => ['--listen', `${host.address}:5550`, '--api', `${host.address}:5580`];

/** @param version What is measured, such as a commit. */
export function panal(version: string): Contestant {
  return { name: 'panal', version, settings: { tracker: [], peer: [] }, start };
}

async function start({ network, folder, source, targets }: Arena): Promise<Contest> {
  const cluster = new ProcessCluster(folder);
  try {
    const rpc = ['--listen', `${network.tracker.address}:5555`];
    const tracker = await cluster.startTracker('t1', rpc, network.tracker.launcher);
    const startPeer = (name: string, host: Host): Promise<PeerProcess> =>
      cluster.startPeer(name, { extra: FLAGS(host), launcher: host.launcher });
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
      stop: () => cluster.stop(),
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
