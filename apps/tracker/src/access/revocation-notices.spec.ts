import { ManualClock } from '@panal/runtime';
import type { RpcRemote } from '@panal/transport-tcp';
import { type AccessNotice, MEMBER_ACCESS } from '@panal/wire';
import type { Subscription } from 'rxjs';
import { NOTICE_BATCH, NOTICE_BATCH_PAUSE_MS, NOTICE_ROUND_PAUSE_MS } from '../limits.js';
import { RevocationNotices } from './revocation-notices.js';

const hex = (number: number): string => number.toString(16).padStart(32, '0');

class Bed {
  readonly clock = new ManualClock();
  recent: Buffer[] = [];
  #listener: (keyId: string) => void = () => undefined;
  readonly notices = new RevocationNotices({
    keys: {
      recentlyRevoked: () => this.recent,
      onRevoked: (listener) => {
        this.#listener = listener;
        return () => undefined;
      },
    },
    timers: this.clock,
  });

  revoke(...numbers: number[]): void {
    for (const number of numbers) {
      this.recent = [Buffer.from(hex(number), 'hex'), ...this.recent];
      this.#listener(hex(number));
    }
  }

  /** What one connection is told, each notice as the numbers of its keys. */
  watch(remote: RpcRemote = makeRemote()): { heard: number[][]; isOver: boolean; subscription: Subscription } {
    const heard: number[][] = [];
    const watcher = { heard, isOver: false, subscription: undefined as unknown as Subscription };
    watcher.subscription = this.notices.watch(remote).subscribe({
      next: ({ revoked }: AccessNotice) =>
        heard.push(revoked.map((id) => Number.parseInt(Buffer.from(id).toString('hex'), 16))),
      complete: () => {
        watcher.isOver = true;
      },
    });
    return watcher;
  }
}

function makeRemote(keyId?: string): RpcRemote {
  const identity = { role: 'peer', cluster: 'c', principal: 'peer:p' } as const;
  return { identity, access: { ...MEMBER_ACCESS, keyId }, host: '192.0.2.1', port: 1, version: 3 };
}

describe('RevocationNotices', () => {
  it('tells all there is at first, and then what is new, at once', () => {
    const bed = new Bed();
    bed.revoke(1, 2);
    const { heard } = bed.watch();
    expect(heard).toEqual([[2, 1]]);
    bed.revoke(3);
    expect(heard).toEqual([[2, 1], [3]]);
  });

  it('gathers what is revoked during a round into the next one', () => {
    const bed = new Bed();
    const { heard } = bed.watch();
    bed.revoke(1, 2, 3);
    bed.clock.advance(NOTICE_ROUND_PAUSE_MS - 1);
    expect(heard).toEqual([[], [1]]);
    bed.clock.advance(1);
    expect(heard).toEqual([[], [1], [3, 2]]);
    bed.clock.advance(10 * NOTICE_ROUND_PAUSE_MS);
    expect(heard).toHaveLength(3);
    bed.revoke(4);
    expect(heard).toHaveLength(4);
  });

  it('holds nobody up with thousands to tell: they are told batch by batch', () => {
    const bed = new Bed();
    const watchers = Array.from({ length: 3 * NOTICE_BATCH }, () => bed.watch());
    bed.revoke(1);
    const toldCount = () => watchers.filter(({ heard }) => heard.length === 2).length;
    expect(toldCount()).toBe(NOTICE_BATCH);
    bed.clock.advance(NOTICE_BATCH_PAUSE_MS);
    expect(toldCount()).toBe(2 * NOTICE_BATCH);
    bed.clock.advance(NOTICE_BATCH_PAUSE_MS);
    expect(toldCount()).toBe(3 * NOTICE_BATCH);
  });

  it('tells the bearer of the key first of all, while its connection is there', () => {
    const bed = new Bed();
    for (let count = 0; count < NOTICE_BATCH; count += 1) bed.watch();
    const bearer = bed.watch(makeRemote(hex(7)));
    bed.revoke(6);
    expect(bearer.heard).toEqual([[]]);
    bed.revoke(7);
    expect(bearer.heard).toEqual([[], [7]]);
  });

  it('has one watcher of each connection, and forgets those that are gone', () => {
    const bed = new Bed();
    const remote = makeRemote();
    const [first, second] = [bed.watch(remote), bed.watch(remote)];
    expect([first.isOver, second.isOver, bed.notices.watcherCount]).toEqual([true, false, 1]);
    second.subscription.unsubscribe();
    expect(bed.notices.watcherCount).toBe(0);
    bed.revoke(1);
    expect(second.heard).toEqual([[]]);
  });

  it('says nothing of what was revoked so long ago that no ticket can be good, nor once it is stopped', () => {
    const bed = new Bed();
    const { heard } = bed.watch();
    bed.revoke(1);
    bed.recent = [];
    bed.clock.advance(NOTICE_ROUND_PAUSE_MS);
    bed.revoke(2);
    bed.revoke(3);
    bed.notices.stop();
    bed.clock.advance(NOTICE_ROUND_PAUSE_MS);
    expect(heard).toEqual([[], [1], [2]]);
  });
});
