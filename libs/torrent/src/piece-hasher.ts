import { createHash, type Hash } from 'node:crypto';

/**
 * v1 piece hashes (SHA-1) over all files end to end in content order, for v1 and hybrid torrents.
 * Where `padsFiles()` says so (a hybrid of several files), call `pad()` after each file, the last one too.
 * @see https://www.bittorrent.org/beps/bep_0003.html
 */
export class PieceHasher {
  readonly #chunkSizeBytes: number;
  readonly #pieces: Buffer[] = [];
  #hash: Hash = createHash('sha1');
  #chunkFillBytes = 0;

  constructor({ chunkSizeBytes }: { readonly chunkSizeBytes: number }) {
    this.#chunkSizeBytes = chunkSizeBytes;
  }

  /** Takes the next bytes of the content; they are not kept. */
  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const end = Math.min(bytes.length, at + this.#chunkSizeBytes - this.#chunkFillBytes);
      this.#hash.update(bytes.subarray(at, end));
      this.#chunkFillBytes += end - at;
      at = end;
      if (this.#chunkFillBytes === this.#chunkSizeBytes) this.#endChunk();
    }
  }

  /** Zeros up to the next chunk boundary; nothing when it stands on one. */
  pad(): void {
    if (this.#chunkFillBytes > 0) this.push(Buffer.alloc(this.#chunkSizeBytes - this.#chunkFillBytes));
  }

  /** 20 bytes for each chunk, end to end. */
  finish(): Buffer {
    if (this.#chunkFillBytes > 0) this.#endChunk();
    return Buffer.concat(this.#pieces);
  }

  #endChunk(): void {
    this.#pieces.push(this.#hash.digest());
    this.#hash = createHash('sha1');
    this.#chunkFillBytes = 0;
  }
}
