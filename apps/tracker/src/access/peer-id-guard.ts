import { mayHavePeerId, PeerIdForeignError } from '@panal/access';
import type { RpcRemote } from '@panal/transport-tcp';

/** Sees to it that nobody speaks for the peer of another key. Worked out once for each connection and id: peers announce all the time. */
export class PeerIdGuard {
  /** The last id each connection was found to have a right to. */
  readonly #proven = new WeakMap<RpcRemote, Uint8Array>();

  /** @param remote The connection that says it is this peer. @throws PeerIdForeignError */
  check(peerId: Uint8Array, remote: RpcRemote): void {
    const proven = this.#proven.get(remote);
    if (proven !== undefined && Buffer.compare(proven, peerId) === 0) return;
    if (!mayHavePeerId(peerId, remote.access.keyId)) {
      throw new PeerIdForeignError(Buffer.from(peerId).toString('hex'), remote.identity.principal);
    }
    // A copy: the id of a message may be a window on all that came with it.
    this.#proven.set(remote, Uint8Array.from(peerId));
  }
}
