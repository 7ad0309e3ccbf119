/** Reads little-endian words from anywhere in `bytes` into `words`. @param size Bytes; a multiple of 4. */
export function readWords(words: Uint32Array, bytes: Uint8Array, from: number, size: number): void {
  for (let word = 0, at = from; at < from + size; word += 1, at += 4) {
    words[word] =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
  }
}

/** Writes a word where `readWords` read it. */
export function writeWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word;
  bytes[at + 1] = word >>> 8;
  bytes[at + 2] = word >>> 16;
  bytes[at + 3] = word >>> 24;
}
