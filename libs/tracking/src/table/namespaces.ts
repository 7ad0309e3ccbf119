/** What is kept of one namespace. */
interface Namespace {
  readonly name: string;
  /** As in keys. */
  readonly bytes: Buffer;
  torrentCount: number;
  /** Entries that are served. */
  entryCount: number;
}

/** Small numbers for the namespaces in use. A number is free for another one when the last torrent of its namespace goes. */
export class Namespaces {
  readonly #byNumber: (Namespace | undefined)[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #free: number[] = [];
  /** The last one asked for: nearly all keys in a row are of one namespace. */
  #last = 0;
  #entryCount = 0;

  /** The number of the namespace whose `size` bytes are at `from`, or undefined. */
  find(bytes: Buffer, from: number, size: number): number | undefined {
    const last = this.#byNumber[this.#last];
    if (last !== undefined && isAt(last.bytes, bytes, from, size)) return this.#last;
    const number = this.#numbers.get(bytes.toString('latin1', from, from + size));
    if (number !== undefined) this.#last = number;
    return number;
  }

  numberOf(name: string): number | undefined {
    return this.#numbers.get(name);
  }

  /** Notes one more torrent of the namespace. @returns Its number. */
  hold(bytes: Buffer, from: number, size: number): number {
    const known = this.find(bytes, from, size);
    if (known !== undefined) {
      this.#of(known).torrentCount += 1;
      return known;
    }
    const number = this.#free.pop() ?? this.#byNumber.length;
    // ASCII in fact; bytes that are not still get a name each of their own.
    const name = bytes.toString('latin1', from, from + size);
    this.#byNumber[number] = { name, bytes: Buffer.from(name, 'latin1'), torrentCount: 1, entryCount: 0 };
    this.#numbers.set(name, number);
    return number;
  }

  /** Notes that a torrent of the namespace is gone. */
  release(number: number): void {
    const namespace = this.#of(number);
    namespace.torrentCount -= 1;
    if (namespace.torrentCount > 0) return;
    this.#numbers.delete(namespace.name);
    this.#byNumber[number] = undefined;
    this.#free.push(number);
  }

  /** Served entries in all of them. */
  get entryCount(): number {
    return this.#entryCount;
  }

  addEntries(number: number, more: number): void {
    this.#entryCount += more;
    this.#of(number).entryCount += more;
  }

  /** Served entries in the namespace of that name. */
  entryCountIn(name: string): number {
    const number = this.#numbers.get(name);
    return number === undefined ? 0 : this.#of(number).entryCount;
  }

  nameOf(number: number): string {
    return this.#of(number).name;
  }

  bytesOf(number: number): Buffer {
    return this.#of(number).bytes;
  }

  #of(number: number): Namespace {
    return this.#byNumber[number] as Namespace;
  }
}

function isAt(namespace: Buffer, bytes: Buffer, from: number, size: number): boolean {
  if (namespace.length !== size) return false;
  for (let at = 0; at < size; at += 1) if (namespace[at] !== bytes[from + at]) return false;
  return true;
}
