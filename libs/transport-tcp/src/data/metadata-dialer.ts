import { formatAddress, type HostPort } from '@panal/runtime';
import { DATA_RECORD_BYTES_MAX, HELLO_TIMEOUT_MS, mayUseNamespace } from '@panal/wire';
import { CONNECT_TIMEOUT_MS } from '../limits.js';
import { dialTcp } from '../rpc/dial-tcp.js';
import { secureClient } from '../secure-socket.js';
import type { DataDialerOptions } from './data-dialer.js';
import { ContentUnknownError, DataConnectionLostError } from './data-errors.js';
import { METADATA_TIMEOUT_MS } from './data-limits.js';
import { MetadataDownload } from './metadata-download.js';

export type MetadataDialerOptions = Pick<
  DataDialerOptions,
  'identity' | 'secret' | 'random' | 'timers' | 'peerId' | 'peerName' | 'prepare' | 'connections'
>;

/** The torrent whose file is wanted. */
export interface WantedMetadata {
  readonly namespace: string;
  readonly hash: Buffer;
}

/** Fetches torrent files from peers: those too large for a tracker, and all of them when no tracker has any. */
export class MetadataDialer {
  constructor(private readonly options: MetadataDialerOptions) {}

  /**
   * The torrent file as the peer at `address` has it. It is not checked: that its id is `hash` is for the caller to see.
   * @throws ConnectError, HandshakeError, ContentUnknownError, DataProtocolError, DataConnectionLostError
   */
  async fetch(address: HostPort, { namespace, hash }: WantedMetadata, signal: AbortSignal): Promise<Buffer> {
    const { timers, peerId, peerName, prepare } = this.options;
    await prepare?.(signal);
    const name = formatAddress(address);
    const socket = await dialTcp(address, { timers, timeoutMs: CONNECT_TIMEOUT_MS, signal });
    const end = (): void => void socket.destroy();
    const cancel = timers.after(METADATA_TIMEOUT_MS, end);
    signal.addEventListener('abort', end, { once: true });
    let forget = (): void => undefined;
    try {
      const secured = await secureClient(socket, {
        ...this.options,
        purpose: 'data',
        timeoutMs: HELLO_TIMEOUT_MS,
        recordSizeMax: DATA_RECORD_BYTES_MAX,
      });
      forget = this.options.connections?.add(secured.session.access.keyId, end) ?? forget;
      if (socket.destroyed) throw new DataConnectionLostError(name, 'it is closed');
      if (!mayUseNamespace(secured.session.access, namespace))
        throw new ContentUnknownError(name, 'namespace_forbidden');
      const download = new MetadataDownload({ socket, secured, timers, address: name });
      // Data port 0: who asks for the torrent file has nothing yet that the provider could fetch in turn.
      return await download.run({ kind: 'open', namespace, hash, peerId, peerName, dataPort: 0 });
    } finally {
      forget();
      cancel();
      signal.removeEventListener('abort', end);
      socket.destroy();
    }
  }
}
