import type { PeerStatus, TorrentView } from '@panal/wire';
import { PeerUnreachableError, WaitedTooLongError } from '../errors.js';
import { watchUntilComplete } from './torrent-watch.js';

const STATUS = { trackers: [] } as unknown as PeerStatus;
type Step = Partial<TorrentView> | Error;

/** A peer that answers with one step after the other, then with the last one for ever. */
function peerOf(...steps: readonly Step[]) {
  let at = -1;
  return {
    torrent: async () => {
      at = Math.min(at + 1, steps.length - 1);
      const step = steps[at];
      if (step instanceof Error) throw step;
      return {
        id: '1',
        title: 'x',
        sources: [],
        reason: null,
        doneBytes: 0,
        sizeBytes: 10,
        ...step,
      } as unknown as TorrentView;
    },
    status: async () => STATUS,
  };
}

const watch = (peer: ReturnType<typeof peerOf>, options: { waitS?: number; signal?: AbortSignal } = {}) => {
  const states: string[] = [];
  const { signal = new AbortController().signal, waitS } = options;
  const outcome = watchUntilComplete(peer, '1', { signal, waitS, onView: ({ state }) => void states.push(state) });
  return { outcome, states };
};

describe('watchUntilComplete', () => {
  it('goes on over waits and pauses to the end', async () => {
    const { outcome, states } = watch(peerOf({ state: 'waiting' }, { state: 'paused' }, { state: 'complete' }));
    expect((await outcome).state).toBe('complete');
    expect(states).toEqual(['waiting', 'paused', 'complete']);
  });

  it('throws what the peer says of a failure', async () => {
    const reason = { code: 'target_exists', message: 'It is there.', action: 'Use --force.', retryable: false };
    await expect(watch(peerOf({ state: 'failed', reason })).outcome).rejects.toMatchObject(reason);
  });

  it('bears a peer that is silent for a moment', async () => {
    const silent = new PeerUnreachableError('silent', '');
    expect((await watch(peerOf({ state: 'downloading' }, silent, { state: 'complete' })).outcome).state).toBe(
      'complete',
    );
  });

  it('gives up when nothing arrives, and not while something does', async () => {
    await expect(watch(peerOf({ state: 'waiting' }), { waitS: 0.1 }).outcome).rejects.toThrow(WaitedTooLongError);
    const moving = [1, 2, 3].map((doneBytes) => ({ state: 'downloading' as const, doneBytes }));
    expect((await watch(peerOf(...moving, { state: 'complete' }), { waitS: 0.4 }).outcome).state).toBe('complete');
  });

  it('stops at once when told to', async () => {
    const abort = new AbortController();
    const reason = new Error('stop');
    const { outcome } = watch(peerOf({ state: 'waiting' }), { signal: abort.signal });
    abort.abort(reason);
    await expect(outcome).rejects.toBe(reason);
  });
});
