import type { Bitfield } from '@panal/torrent';

/**
 * Where the bytes of one torrent are kept. "Content" is all files of the torrent end to end, and every offset is an
 * offset in it; the store knows which file and where. Every method may reject with an error that carries the code of
 * the operating system (`ENOSPC`, `EROFS`, ...), itself or as its `cause`: the download pauses and tries again.
 *
 * A call that rejected may be made again with the same arguments.
 *
 * Calls may overlap, but nobody writes the same bytes twice at once, and `finish` and `close` come alone.
 */
export interface ChunkStore {
  /** Fills all of `into` with content from `contentOffset` on. Bytes that were never written are undefined, not an error. */
  read(contentOffset: number, into: Uint8Array): Promise<void>;
  /** Keeps `bytes` at `contentOffset`. They are the caller's again when the promise settles, not before. */
  write(contentOffset: number, bytes: Uint8Array): Promise<void>;
  /**
   * Makes `done` durable: the data of these chunks is synced, and only then does the journal name them. Atomic: after a
   * crash the journal names what this call or the one before it named. `done` is not kept after the promise settles.
   */
  commit(done: Bitfield): Promise<void>;
  /**
   * The content is whole: modes, links and empty directories are made, and it goes to its place. What is there survives
   * the end of the process; after a crash of the machine the next start has to look. Neither waits for a commit.
   */
  place(): Promise<void>;
  /** Places the content if that is not done, and makes all of it durable there. */
  finish(): Promise<void>;
  /** Gives up handles. What was committed stays; calling it again does nothing. */
  close(): Promise<void>;
}
