/** How many of the last lines a failure prints. */
const LINE_COUNT_DEFAULT = 400;
/** Bytes of a message that enter the hash: enough to tell runs apart, and no cost that grows with the message. */
const HASHED_BYTE_COUNT_MAX = 256;

/**
 * What happened, in order. Every entry enters a running hash, by which two runs of one seed are proved equal; the last
 * ones are kept as text, for the reader of a failure.
 */
export class Trace {
  readonly #lines: string[] = [];
  #written = 0;
  #high = 0x811c9dc5;
  #low = 0x9747b28c;

  constructor(private readonly lineCountMax = LINE_COUNT_DEFAULT) {}

  /** Number of entries so far, also those that left no line. */
  get entryCount(): number {
    return this.#written;
  }

  /** 16 hex digits over everything so far. */
  get hash(): string {
    return (this.#high >>> 0).toString(16).padStart(8, '0') + (this.#low >>> 0).toString(16).padStart(8, '0');
  }

  /** A line that a reader of a failure wants. */
  note(atMs: number, who: string, what: string): void {
    this.#fold(atMs * 1000);
    for (let at = 0; at < who.length; at += 1) this.#fold(who.charCodeAt(at));
    for (let at = 0; at < what.length; at += 1) this.#fold(what.charCodeAt(at));
    this.#lines[this.#written % this.lineCountMax] = `${atMs.toFixed(3).padStart(12)} ${who.padEnd(10)} ${what}`;
    this.#written += 1;
  }

  /** A message on its way: it enters the hash only, because there are too many to read. */
  message(atMs: number, from: string, to: string, bytes: Uint8Array): void {
    this.#fold(atMs * 1000);
    for (let at = 0; at < from.length; at += 1) this.#fold(from.charCodeAt(at));
    for (let at = 0; at < to.length; at += 1) this.#fold(to.charCodeAt(at));
    this.#fold(bytes.length);
    const stride = Math.max(1, Math.ceil(bytes.length / HASHED_BYTE_COUNT_MAX));
    for (let at = 0; at < bytes.length; at += stride) this.#fold(bytes[at] ?? 0);
  }

  /** The last lines, oldest first. */
  lines(): readonly string[] {
    if (this.#written <= this.lineCountMax) return [...this.#lines];
    const oldest = this.#written % this.lineCountMax;
    return [...this.#lines.slice(oldest), ...this.#lines.slice(0, oldest)];
  }

  #fold(value: number): void {
    const low = value >>> 0;
    this.#high = Math.imul(this.#high ^ low, 0x01000193);
    this.#low = Math.imul(this.#low ^ (low + (this.#high >>> 15)), 0x85ebca6b);
    this.#low ^= this.#low >>> 13;
  }
}
