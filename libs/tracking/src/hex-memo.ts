import { HEX_MEMO_SIZE } from './limits.js';

const SHIFT = 32 - Math.log2(HEX_MEMO_SIZE);

/**
 * Ids in hex, of those that came lately: looking one up costs a third of making it, and a string that was looked up in a map
 * before is found there faster. Two ids that fall on one place push each other out, which costs what it cost without.
 */
export class HexMemo {
  readonly #ids: Uint8Array;
  readonly #texts: (string | undefined)[] = Array.from({ length: HEX_MEMO_SIZE });

  /** @param idSize Bytes of each id, 4 or more. */
  constructor(private readonly idSize: number) {
    this.#ids = new Uint8Array(HEX_MEMO_SIZE * idSize);
  }

  /** @param id Of `idSize` bytes. */
  hexOf(id: Uint8Array): string {
    const place = this.#placeOf(id);
    const known = this.#texts[place];
    if (known !== undefined && this.#isAt(place, id)) return known;
    const text = Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('hex');
    this.#ids.set(id, place * this.idSize);
    this.#texts[place] = text;
    return text;
  }

  /** From the first and the last bytes: ids are random, but for those of tests and benchmarks. */
  #placeOf(id: Uint8Array): number {
    const end = this.idSize - 1;
    const first = (id[0] ?? 0) | ((id[1] ?? 0) << 8) | ((id[2] ?? 0) << 16) | ((id[3] ?? 0) << 24);
    const last = (id[end] ?? 0) | ((id[end - 1] ?? 0) << 8) | ((id[end - 2] ?? 0) << 16) | ((id[end - 3] ?? 0) << 24);
    return Math.imul(first ^ Math.imul(last, 0x85ebca77), 0x9e3779b1) >>> SHIFT;
  }

  #isAt(place: number, id: Uint8Array): boolean {
    const from = place * this.idSize;
    for (let at = 0; at < this.idSize; at += 1) if (this.#ids[from + at] !== id[at]) return false;
    return true;
  }
}
