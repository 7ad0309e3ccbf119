import type { SourceAddress } from '@panal/transfer';
import type { PeerInfo } from '@panal/wire';

/** Peers as a tracker hands them out, as addresses a download can dial: one for each address of each peer. */
export function sourceAddresses(peers: readonly PeerInfo[]): SourceAddress[] {
  return peers.flatMap(({ id, name, addresses }) =>
    addresses.map(({ host, port, network }) => ({
      peerId: Buffer.from(id).toString('hex'),
      name,
      host,
      port,
      network,
    })),
  );
}
