import type { Random, Timers } from '@panal/runtime';
import { formatAddress } from '@panal/runtime';
import { Bitfield } from '@panal/torrent';
import type { DialedSource, SourceAddress, SourceDialer, SourceLinkEvents } from '@panal/transfer';
import {
  type ClientCredentials,
  DATA_RECORD_BYTES_MAX,
  HELLO_TIMEOUT_MS,
  type HelloIdentity,
  mayUseNamespace,
  type OpenedMessage,
} from '@panal/wire';
import { secureClient } from '../secure-socket.js';
import type { BlockSlots } from './block-slots.js';
import { ContentMismatchError, ContentUnknownError, DataConnectionLostError } from './data-errors.js';
import { OPEN_TIMEOUT_MS } from './data-limits.js';
import type { DialedConnections } from './dialed-connections.js';
import { DialedSocket } from './dialed-socket.js';
import { DownloadLink } from './download-link.js';

/** Who dials, and with what. */
export interface DataDialerOptions {
  readonly identity: HelloIdentity;
  /** The cluster's secret, 32 bytes, or credentials. */
  readonly secret: Buffer | ClientCredentials;
  /** Resolves when the credentials have something to show, or after a bounded wait. Default: they have. */
  readonly prepare?: (signal: AbortSignal) => Promise<void>;
  /** Where what is dialled is noted, while it is open. */
  readonly connections?: DialedConnections;
  readonly random: Random;
  readonly timers: Timers;
  /** Shared by all downloads of the process: it bounds the memory of all of them together. */
  readonly slots: BlockSlots;
  readonly peerId: Buffer;
  readonly peerName: string;
  /** Where this peer's own data port is reached; 0: nowhere. Read at each call, for it may become known late. */
  readonly dataPort: () => number;
}

/** The torrent that is opened at the providers. */
export interface DialedTorrent {
  readonly namespace: string;
  readonly hash: Buffer;
  readonly chunkCount: number;
}

/** Dials providers of one torrent. */
export class DataDialer implements SourceDialer {
  constructor(
    private readonly options: DataDialerOptions,
    private readonly torrent: DialedTorrent,
  ) {}

  /** @throws ConnectError, HandshakeError, ContentUnknownError, ContentMismatchError, DataConnectionLostError */
  async dial(source: SourceAddress, events: SourceLinkEvents, signal: AbortSignal): Promise<DialedSource> {
    const { identity, secret, random, timers, prepare, connections } = this.options;
    await prepare?.(signal);
    const dialed = new DialedSocket({ host: source.host, port: source.port });
    await dialed.connected(source, timers, signal);
    const secured = await secureClient(dialed.socket, {
      identity,
      secret,
      random,
      timers,
      purpose: 'data',
      timeoutMs: HELLO_TIMEOUT_MS,
      recordSizeMax: DATA_RECORD_BYTES_MAX,
      source: (listener) => dialed.onHello(listener),
    });
    const { socket } = dialed;
    const forget = connections?.add(secured.session.access.keyId, () => socket.destroy());
    if (forget !== undefined) socket.once('close', forget);
    // Whoever may not deal with the namespace is not told what is wanted of it.
    if (!mayUseNamespace(secured.session.access, this.torrent.namespace)) {
      dialed.socket.destroy();
      throw new ContentUnknownError(formatAddress(source), 'namespace_forbidden');
    }
    return this.#open(source, dialed, secured, events, signal);
  }

  #open(
    source: SourceAddress,
    dialed: DialedSocket,
    secured: Awaited<ReturnType<typeof secureClient>>,
    events: SourceLinkEvents,
    signal: AbortSignal,
  ): Promise<DialedSource> {
    const { timers, slots, peerId, peerName, dataPort } = this.options;
    const address = formatAddress(source);
    return new Promise((resolve, reject) => {
      let isSettled = false;
      const settle = (answer: DialedSource | Error): void => {
        if (isSettled) return;
        isSettled = true;
        cancel();
        signal.removeEventListener('abort', onAbort);
        if (!(answer instanceof Error)) return resolve(answer);
        link.close();
        reject(answer);
      };
      const onAbort = (): void => settle(new DataConnectionLostError(address, 'it is no longer needed'));
      const cancel = timers.after(OPEN_TIMEOUT_MS, () =>
        settle(new DataConnectionLostError(address, `no answer in ${OPEN_TIMEOUT_MS} ms`)),
      );
      const link = new DownloadLink({
        dialed,
        secured,
        slots,
        timers,
        name: source.name,
        address,
        events: { ...bound(events), onLost: (error) => (isSettled ? events.onLost(error) : settle(error)) },
        onOpened: (answer) => settle(this.#read(answer, link, address)),
      });
      signal.addEventListener('abort', onAbort, { once: true });
      const { namespace, hash } = this.torrent;
      link.start({ kind: 'open', namespace, hash, peerId, peerName, dataPort: dataPort() });
      if (signal.aborted) onAbort();
    });
  }

  #read(
    answer: OpenedMessage | { readonly kind: 'open-refused'; readonly code: string },
    link: DownloadLink,
    address: string,
  ): DialedSource | Error {
    if (answer.kind === 'open-refused') return new ContentUnknownError(address, answer.code);
    const { chunkCount } = this.torrent;
    if (answer.chunkCount !== chunkCount) {
      return new ContentMismatchError(address, `it has ${answer.chunkCount} chunks, and the torrent ${chunkCount}`);
    }
    try {
      return { link, have: Bitfield.fromBytes(answer.bitfield, chunkCount) };
    } catch (error) {
      return new ContentMismatchError(address, (error as Error).message);
    }
  }
}

function bound(events: SourceLinkEvents): Omit<SourceLinkEvents, 'onLost'> {
  return {
    onHave: (chunks) => events.onHave(chunks),
    onBlock: (block) => events.onBlock(block),
    onRefused: (requestId, code) => events.onRefused(requestId, code),
  };
}
