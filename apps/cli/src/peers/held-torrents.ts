import type { TorrentView } from '@panal/wire';
import type { CommandContext } from '../command-context.js';
import { UsageError } from '../errors.js';
import { choosePeer, findLocalPeers, type LocalPeer } from './local-peers.js';

/** A share or download and the local peer that has it. */
export interface HeldTorrent {
  readonly peer: LocalPeer;
  readonly view: TorrentView;
}

export interface HeldTorrentQuery {
  /** An id, hash or name. */
  readonly id: string;
  readonly dataFolder: string;
  /** At this peer only. */
  readonly peer?: string;
  /** What is to be done there, for the question at which peer. */
  readonly deed: string;
}

/** What is meant, at one local peer. @throws UsageError when nobody has it, or several do */
export async function findHeldTorrents(
  { interruption, installation }: CommandContext,
  { id, dataFolder, peer: peerName, deed }: HeldTorrentQuery,
): Promise<readonly HeldTorrent[]> {
  const { signal } = interruption;
  const peers = await findLocalPeers(dataFolder, signal);
  const asked =
    peerName === undefined ? peers : [choosePeer(peers, 'get', peerName)].filter((peer) => peer !== undefined);
  const hits = (await Promise.all(asked.map((peer) => matching(peer, id, signal)))).flat();
  if (hits.length === 0) {
    throw new UsageError(
      `No peer here shares or fetches "${id}".`,
      `See what they have with \`${installation.command} status\`.`,
    );
  }
  const holders = new Set(hits.map(({ peer }) => peer.name));
  if (holders.size > 1) {
    throw new UsageError(
      `Peers ${[...holders].join(', ')} all have "${id}".`,
      `Say at which to ${deed}, with --peer NAME.`,
    );
  }
  return hits;
}

async function matching(peer: LocalPeer, id: string, signal: AbortSignal): Promise<readonly HeldTorrent[]> {
  const views = await peer.client.torrents(signal);
  return views.filter((view) => [view.id, view.hash, view.name].includes(id)).map((view) => ({ peer, view }));
}
