import type { Bitfield } from '@panal/torrent';

/** One block asked of one source. */
export interface BlockRequest {
  /** Unique among the unanswered requests of a link; an unsigned 32-bit number. */
  readonly id: number;
  readonly chunk: number;
  /** Where the block begins in its chunk; a multiple of the block size. */
  readonly begin: number;
  readonly lengthBytes: number;
}

/** A block that arrived. `bytes` are the receiver's until it calls `release`, once; then they belong to the link again. */
export interface ReceivedBlock {
  readonly requestId: number;
  readonly bytes: Uint8Array;
  release(): void;
}

/**
 * Where a peer that may provide can be reached. A peer with several addresses is offered once for each, with the same
 * `peerId`: they are tried one after the other.
 */
export interface SourceAddress {
  /** The peer's id as hex. */
  readonly peerId: string;
  /** The peer's logical name, which users know it by. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** The network the address belongs to; `default` when there is one only. */
  readonly network?: string;
  /** Nobody but a visitor that calls itself this peer named the address: it is tried last. */
  readonly isClaimed?: boolean;
}

/** One torrent on one connection to one provider. No method throws; trouble is told by `SourceLinkEvents.onLost`. */
export interface SourceLink {
  readonly name: string;
  readonly address: string;
  request(block: BlockRequest): void;
  /** The answer is no longer wanted. It may come all the same, once, as a block or as a refusal. */
  cancel(requestId: number): void;
  /** Ends the link; no event follows. Blocks that were handed out stay the receiver's until released. */
  close(reason?: string): void;
}

/** What a link tells. After `onLost` it tells nothing more. */
export interface SourceLinkEvents {
  /** The source has these chunks too. */
  onHave(chunks: Iterable<number>): void;
  onBlock(block: ReceivedBlock): void;
  /** The source will not answer this request. REFUSED_BUSY and REFUSED_CHUNK_MISSING mean more than "ask elsewhere". */
  onRefused(requestId: number, code: string): void;
  onLost(error: Error): void;
}

/** A link and the chunks its source has. `have` becomes the receiver's. */
export interface DialedSource {
  readonly link: SourceLink;
  readonly have: Bitfield;
}

export interface SourceDialer {
  /** Connects and learns what the source has. Events may come before the promise settles. Rejects when `signal` aborts. */
  dial(address: SourceAddress, events: SourceLinkEvents, signal: AbortSignal): Promise<DialedSource>;
}

/** The source has too much to do; it is asked again soon. */
export const REFUSED_BUSY = 'busy';
/** The source does not have this chunk (any more). */
export const REFUSED_CHUNK_MISSING = 'chunk_missing';
