import type { Bitfield, ChunkGeometry } from '@panal/torrent';

/** One torrent's content as the data port serves it: whole, or growing while it is downloaded. */
export interface OfferedContent {
  readonly geometry: ChunkGeometry;
  /** The torrent file, for downloaders that know nothing of the torrent but its id. */
  readonly metadata: Uint8Array;
  /** Chunks that can be read, live. */
  readonly have: Bitfield;
  /** Fills `into` from `contentOffset` on; all of it lies in chunks of `have`. */
  read(contentOffset: number, into: Uint8Array): Promise<void>;
  /** Calls back with chunks as they join `have`. @returns Ends it. */
  watch(listener: (chunks: readonly number[]) => void): () => void;
  /** Calls back when the content is served no more: connections for it end. @returns Ends the watch. */
  onEnd(listener: () => void): () => void;
  /** So many content bytes went out. */
  countSent(sizeBytes: number): void;
  /** `read` failed: the content may have changed under us. */
  reportReadError(error: unknown): void;
}

/** A downloader that came to us, and where it can be dialled in turn. */
export interface Visitor {
  readonly namespace: string;
  readonly hash: Buffer;
  readonly peerId: Buffer;
  readonly peerName: string;
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
}

/** What the data port asks of the peer behind it. */
export interface ContentDirectory {
  /** This peer's logical name, as downloaders show it. */
  readonly peerName: string;
  find(namespace: string, hash: Buffer): OfferedContent | undefined;
  /** Told of every downloader that can be dialled: it may have chunks that we miss. */
  greet(visitor: Visitor): void;
}
