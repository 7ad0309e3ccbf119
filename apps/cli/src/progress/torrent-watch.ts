import { ReportedError } from '@panal/runtime';
import type { PeerStatus, TorrentView } from '@panal/wire';
import { PeerUnreachableError, WaitedTooLongError } from '../errors.js';
import { PEER_SILENCE_MAX_MS, WATCH_INTERVAL_MS } from '../limits.js';
import type { PeerClient } from '../peers/peer-client.js';
import { monotonicMs, waitMs } from '../wait.js';
import { situationOf } from './situation.js';

/** A peer as far as watching one of its torrents needs it. */
export type WatchedPeer = Pick<PeerClient, 'torrent' | 'status'>;

export interface WatchOptions {
  readonly signal: AbortSignal;
  /** Gives up when nothing arrived for so long. Absent: waits for ever. */
  readonly waitS?: number;
  /** Sees every state, the last one included. */
  readonly onView: (view: TorrentView, situation: string | undefined) => void;
}

/**
 * Follows a torrent until it is complete, whatever waits and pauses lie between.
 * @returns The complete torrent.
 * @throws ReportedError when it failed; WaitedTooLongError; PeerUnreachableError when the peer is silent for too long.
 */
export async function watchUntilComplete(peer: WatchedPeer, id: string, options: WatchOptions): Promise<TorrentView> {
  const { signal, waitS, onView } = options;
  const silence = new Silence(PEER_SILENCE_MAX_MS);
  let movedMs = monotonicMs();
  let doneBytes = -1;
  for (;;) {
    const seen = await silence.bridge(() => look(peer, id, signal));
    if (seen !== undefined) {
      const { view, situation } = seen;
      onView(view, situation);
      if (view.state === 'complete') return view;
      if (view.state === 'failed') throw failureOf(view);
      if (view.doneBytes !== doneBytes || view.state === 'hashing') {
        doneBytes = view.doneBytes;
        movedMs = monotonicMs();
      }
      if (waitS !== undefined && monotonicMs() - movedMs >= waitS * 1000) {
        throw new WaitedTooLongError(sentence(situation ?? 'Nothing arrives'), waitS);
      }
    }
    await waitMs(WATCH_INTERVAL_MS, signal);
  }
}

/** The peer's own state matters only while a torrent waits: then the trackers may be why. */
async function look(peer: WatchedPeer, id: string, signal: AbortSignal) {
  const view = await peer.torrent(id, signal);
  const isWaiting = view.state === 'resolving' || view.state === 'waiting';
  const status: PeerStatus | undefined = isWaiting ? await peer.status(signal) : undefined;
  return { view, situation: situationOf(view, status) };
}

/** Lets a peer be silent for a while: one that is being restarted comes back. */
class Silence {
  #sinceMs: number | undefined;

  constructor(private readonly maxMs: number) {}

  /** What `ask` gives, or `undefined` when the peer did not answer and may still come back. */
  async bridge<T>(ask: () => Promise<T>): Promise<T | undefined> {
    try {
      const answer = await ask();
      this.#sinceMs = undefined;
      return answer;
    } catch (error) {
      if (!(error instanceof PeerUnreachableError)) throw error;
      this.#sinceMs ??= monotonicMs();
      if (monotonicMs() - this.#sinceMs >= this.maxMs) throw error;
      return undefined;
    }
  }
}

function failureOf({ reason, title }: TorrentView): ReportedError {
  return new ReportedError(
    reason ?? {
      code: 'transfer_failed',
      message: `${title} failed.`,
      action: "Look at the peer's log.",
      retryable: false,
    },
  );
}

function sentence(text: string): string {
  const whole = text.replace(/; (?:waiting, Ctrl-C to stop|trying again)$/, '');
  return `${whole.charAt(0).toUpperCase()}${whole.slice(1).replace(/\.$/, '')}.`;
}
