import type { PeerStatus, TorrentView, TrackerView } from '@panal/wire';

/** Why a transfer does not move, in words for its user; `undefined` while it moves. */
export function situationOf(view: TorrentView, peer: Pick<PeerStatus, 'trackers'> | undefined): string | undefined {
  switch (view.state) {
    case 'hashing':
    case 'complete':
    case 'failed':
      return undefined;
    case 'paused':
      return pausedText(view);
    case 'downloading':
      return undefined;
    case 'resolving':
    case 'waiting':
      return (peer && trackerTrouble(peer.trackers)) ?? waitingText(view);
  }
}

/** What is wrong with the trackers of a peer, as long as none of them serves it. */
export function trackerTrouble(trackers: readonly TrackerView[]): string | undefined {
  if (trackers.length === 0) return 'this peer knows no tracker; start it with --tracker HOST:PORT';
  if (trackers.some(({ state }) => state === 'connected')) return undefined;
  const refusal = trackers.find(({ state, reason }) => state === 'refused' && reason !== undefined);
  if (refusal?.reason !== undefined) {
    return `tracker ${refusal.address} refuses this peer: ${refusal.reason.message} ${refusal.reason.action}`.trim();
  }
  return `no tracker answers at ${trackers.map(({ address }) => address).join(', ')}; trying again`;
}

function pausedText({ reason }: TorrentView): string {
  return reason === null ? 'paused' : `paused: ${reason.message} ${reason.action}`.trim();
}

function waitingText({ state, reason, sources }: TorrentView): string {
  if (reason !== null) return `${withoutStop(reason.message)}; waiting, Ctrl-C to stop`;
  if (sources.length > 0) return `connecting to ${sources.map(({ name }) => name).join(', ')}`;
  return state === 'resolving' ? 'asking the trackers what it is' : 'nobody shares it yet; waiting, Ctrl-C to stop';
}

function withoutStop(sentence: string): string {
  return sentence.replace(/\.$/, '');
}
