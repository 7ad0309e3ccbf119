import type { CancelTimer, Timers } from '@panal/runtime';
import type { KeyRegistry } from '@panal/tracking';
import type { RpcRemote } from '@panal/transport-tcp';
import type { AccessNotice } from '@panal/wire';
import { Observable, type Subscriber } from 'rxjs';
import { NOTICE_BATCH, NOTICE_BATCH_PAUSE_MS, NOTICE_ROUND_PAUSE_MS } from '../limits.js';

export interface RevocationNoticesOptions {
  readonly keys: Pick<KeyRegistry, 'onRevoked' | 'recentlyRevoked'>;
  readonly timers: Timers;
}

/**
 * Tells whoever watches of keys that are revoked, in rounds: all that was revoked since the last round began goes to everybody
 * as one notice, to NOTICE_BATCH of them at a time. Whoever comes during a round was told all at its beginning.
 */
export class RevocationNotices {
  /** One of each connection. */
  readonly #watchers = new Map<RpcRemote, Subscriber<AccessNotice>>();
  readonly #due = new Set<string>();
  #isRoundUnderWay = false;
  #cancelTimer: CancelTimer = () => undefined;
  readonly #endListening: () => void;

  constructor(private readonly options: RevocationNoticesOptions) {
    this.#endListening = options.keys.onRevoked((keyId) => this.#revoked(keyId));
  }

  get watcherCount(): number {
    return this.#watchers.size;
  }

  /** All that is to be told now, then what comes, until the connection ends or watches once more. */
  watch(remote: RpcRemote): Observable<AccessNotice> {
    return new Observable((subscriber) => {
      const former = this.#watchers.get(remote);
      this.#watchers.set(remote, subscriber);
      former?.complete();
      subscriber.next({ revoked: this.options.keys.recentlyRevoked() });
      return () => {
        if (this.#watchers.get(remote) === subscriber) this.#watchers.delete(remote);
      };
    });
  }

  stop(): void {
    this.#endListening();
    this.#cancelTimer();
  }

  #revoked(keyId: string): void {
    // A tracker that reads or fetches its records before anybody watches has nobody to tell.
    if (this.#watchers.size === 0) return;
    this.#tellBearer(keyId);
    this.#due.add(keyId);
    if (!this.#isRoundUnderWay) this.#begin();
  }

  /** At once: its connections are about to be closed. */
  #tellBearer(keyId: string): void {
    const notice = { revoked: [Buffer.from(keyId, 'hex')] };
    for (const [{ access }, watcher] of this.#watchers) if (access.keyId === keyId) watcher.next(notice);
  }

  #begin(): void {
    // Of keys revoked long ago, which a tracker learns of when it joins, no ticket can be good any more.
    const revoked = this.options.keys.recentlyRevoked().filter((keyId) => this.#due.has(keyId.toString('hex')));
    this.#due.clear();
    this.#isRoundUnderWay = revoked.length > 0;
    if (this.#isRoundUnderWay) this.#tell({ revoked }, [...this.#watchers.keys()]);
  }

  #tell(notice: AccessNotice, remotes: readonly RpcRemote[]): void {
    for (const remote of remotes.slice(0, NOTICE_BATCH)) this.#watchers.get(remote)?.next(notice);
    const left = remotes.slice(NOTICE_BATCH);
    const goOn = (): void => (left.length > 0 ? this.#tell(notice, left) : this.#begin());
    this.#cancelTimer = this.options.timers.after(
      left.length > 0 ? NOTICE_BATCH_PAUSE_MS : NOTICE_ROUND_PAUSE_MS,
      goOn,
    );
  }
}
