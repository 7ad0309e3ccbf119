/** A decoded value. Integers outside the safe range of a number are bigints; strings are bytes. */
export type BencodeValue = number | bigint | Buffer | readonly BencodeValue[] | BencodeDictionary;

/** Where in a decoded input something was found. */
interface ByteRange {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/**
 * A dictionary with its keys in order, each key a string of one character per byte (latin1), so that any bytes make a
 * key and none of them (`__proto__`) means anything to JavaScript.
 */
export class BencodeDictionary {
  readonly #source: ByteRange | undefined;

  /** @param keys Sorted, unique. @param source Where it was decoded from, when it was. */
  constructor(
    readonly keys: readonly string[],
    readonly values: readonly BencodeValue[],
    source?: ByteRange,
  ) {
    this.#source = source;
  }

  /** A dictionary of these entries, sorted. `undefined` values are left out. Two equal keys are a bug of the caller. */
  static of(entries: Iterable<readonly [string, BencodeValue | undefined]>): BencodeDictionary {
    const kept: [string, BencodeValue][] = [];
    for (const [key, value] of entries) if (value !== undefined) kept.push([key, value]);
    kept.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return new BencodeDictionary(
      kept.map(([key]) => key),
      kept.map(([, value]) => value),
    );
  }

  /** A view of the very bytes it was decoded from: what an infohash is the hash of. Undefined for one made here. */
  get source(): Buffer | undefined {
    return this.#source?.bytes.subarray(this.#source.start, this.#source.end);
  }

  get size(): number {
    return this.keys.length;
  }

  has(key: string): boolean {
    return this.#indexOf(key) >= 0;
  }

  get(key: string): BencodeValue | undefined {
    const index = this.#indexOf(key);
    return index < 0 ? undefined : this.values[index];
  }

  *entries(): IterableIterator<readonly [string, BencodeValue]> {
    for (let index = 0; index < this.keys.length; index += 1) {
      yield [this.keys[index] as string, this.values[index] as BencodeValue];
    }
  }

  #indexOf(key: string): number {
    let low = 0;
    let high = this.keys.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const found = this.keys[middle] as string;
      if (found === key) return middle;
      if (found < key) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }
}
