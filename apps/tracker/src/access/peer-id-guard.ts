import { mayHavePeerId, PeerIdForeignError } from '@panal/access';
import type { RpcRemote } from '@panal/transport-tcp';

/** A connection speaks for one peer, or for a few on behalf of others; looking through so many costs a fifth of proving one. */
const PROVEN_IDS_MAX = 16;

/** Sees to it that nobody speaks for the peer of another key. Worked out once for each connection and id: peers announce all the time. */
export class PeerIdGuard {
  /** The last ids each connection was found to have a right to. */
  readonly #proven = new WeakMap<RpcRemote, Uint8Array[]>();

  /** @param remote The connection that says it is this peer. @throws PeerIdForeignError */
  check(peerId: Uint8Array, remote: RpcRemote): void {
    const proven = this.#proven.get(remote) ?? [];
    for (const id of proven) if (isSame(id, peerId)) return;
    if (!mayHavePeerId(peerId, remote.access.keyId)) {
      throw new PeerIdForeignError(Buffer.from(peerId).toString('hex'), remote.identity.principal);
    }
    // A copy: the id of a message may be a window on all that came with it.
    proven.push(Uint8Array.from(peerId));
    if (proven.length > PROVEN_IDS_MAX) proven.shift();
    this.#proven.set(remote, proven);
  }
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at += 1) if (one[at] !== other[at]) return false;
  return true;
}
