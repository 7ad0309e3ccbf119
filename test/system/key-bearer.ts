import {
  boundPeerId,
  type ClientKey,
  ClientKeyCredentials,
  PeerCredentials,
  privateKeyOf,
  publicBytesOf,
  Revocations,
} from '@panal/access';
import { SystemClock, SystemRandom, SystemTimers } from '@panal/nest';
import { type HostPort, parseAddress } from '@panal/runtime';
import { BlockSlots, DataDialer, MetadataDialer, TcpRpcClient } from '@panal/transport-tcp';
import { HybridClock, type TicketReply, TRACKER_PATTERNS } from '@panal/wire';
import type { ServerProcess } from '../cluster/process-cluster.js';

/** A connection to a tracker with a client key, and nothing else of Panal around it. */
export function connect(tracker: ServerProcess, key: ClientKey): TcpRpcClient {
  return new TcpRpcClient({
    address: parseAddress(tracker.ready.rpc as string),
    identity: { role: 'client', cluster: 'panal', principal: 'client:test' },
    secret: new ClientKeyCredentials(key),
    ports: {
      clock: new SystemClock(),
      timers: new SystemTimers(),
      random: new SystemRandom(),
      hybridClock: new HybridClock(),
    },
  });
}

/** Who has a key and a ticket, and obeys nobody: it goes on whatever trackers say. */
export interface KeyBearer {
  readonly client: TcpRpcClient;
  /** The torrent file, from the peer at `address`. */
  fetch(address: HostPort, hash: Buffer): Promise<Buffer>;
  /** Opens a torrent and keeps the connection, asking for nothing. @param onLost Called when the other side ends it. */
  hold(
    address: HostPort,
    torrent: { readonly hash: Buffer; readonly chunkCount: number },
    onLost: () => void,
  ): Promise<() => void>;
}

export async function keyBearer(tracker: ServerProcess, key: ClientKey): Promise<KeyBearer> {
  const client = connect(tracker, key);
  const random = new SystemRandom();
  const privateKey = privateKeyOf('x25519', random.bytes(32));
  const peerId = boundPeerId(random.bytes(16), key.id.toString('hex'));
  const request = { namespace: 'default', peerId, publicKey: publicBytesOf('x25519', privateKey) };
  const { ticket, expiresAt, signingKeys } = await client.call<TicketReply>(TRACKER_PATTERNS.ticket, request);
  const credentials = new PeerCredentials({
    cluster: 'panal',
    clock: new SystemClock(),
    members: undefined,
    revocations: new Revocations(),
    ticket: () => ({ bytes: Buffer.from(ticket), privateKey, expiresAtMs: expiresAt }),
    publicKeys: () => signingKeys.map((one) => Buffer.from(one)),
  });
  const dialing = {
    identity: { role: 'peer', cluster: 'panal', principal: `peer:${key.name}` } as const,
    secret: credentials,
    random,
    timers: new SystemTimers(),
    peerId,
    peerName: key.name,
  };
  const { signal } = new AbortController();
  return {
    client,
    fetch: (address, hash) => new MetadataDialer(dialing).fetch(address, { namespace: 'default', hash }, signal),
    hold: async (address, torrent, onLost) => {
      const slots = new BlockSlots(1024, 1);
      const dialer = new DataDialer({ ...dialing, slots, dataPort: () => 0 }, { namespace: 'default', ...torrent });
      const events = { onHave: () => undefined, onBlock: () => undefined, onRefused: () => undefined, onLost };
      const { link } = await dialer.dial({ ...address, peerId: '', name: 'provider' }, events, signal);
      return () => link.close();
    },
  };
}
