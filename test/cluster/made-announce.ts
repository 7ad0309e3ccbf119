import { type AnnounceRequest, DEFAULT_NAMESPACE, type PeerIdentity, WHOLE_TORRENT } from '@panal/wire';

export interface MadePeerOptions {
  /** What its name begins with, and the title of what it shares. */
  readonly kind: string;
  readonly number: number;
  /** Tells the peers of one run from those of another. */
  readonly run?: number;
}

/** A peer that is made up, at an address where nobody answers. */
export function makeIdentity({ kind, number, run = 0 }: MadePeerOptions): PeerIdentity {
  const id = Buffer.alloc(16);
  id.writeUInt32BE(run, 0);
  id.writeUInt32BE(number, 12);
  const addresses = [{ network: 'default', host: '192.0.2.1', port: 1_000 + number }];
  return { id, name: `${kind}-${number}`, incarnation: 1, addresses, dataPort: 1_000 + number };
}

/** Says that such a peer has all of a torrent. */
export function makeAnnounce(
  peer: MadePeerOptions,
  { hash, peerCountMax }: Pick<AnnounceRequest, 'hash' | 'peerCountMax'>,
): AnnounceRequest {
  return {
    namespace: DEFAULT_NAMESPACE,
    hash,
    index: WHOLE_TORRENT,
    peer: makeIdentity(peer),
    isComplete: true,
    chunksDone: 1,
    sizeBytes: 1,
    title: peer.kind,
    peerCountMax,
  };
}
