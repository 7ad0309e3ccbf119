/** A power of two. Keys of all messages, and names, hosts and titles that come again and again; 150 bytes each at most. */
const PLACES = 2_048;

/** Short ASCII texts that came lately: finding one costs half of making it, and an equal text is the same one. */
export class TextMemo {
  readonly #texts: (string | undefined)[] = Array.from({ length: PLACES });

  /** @param finish What is done with a text before it is kept. */
  constructor(private readonly finish: (text: string) => string = (text) => text) {}

  /** The text of these bytes; undefined if it is not ASCII. Two that fall on one place push each other out. */
  ascii(bytes: Buffer, from: number, end: number): string | undefined {
    let hash = end - from;
    for (let at = from; at < end; at += 1) hash = (Math.imul(hash, 31) + (bytes[at] as number)) | 0;
    const place = (hash ^ (hash >>> 11)) & (PLACES - 1);
    const known = this.#texts[place];
    if (known !== undefined && isTextOf(known, bytes, from, end)) return known;
    return this.#made(place, bytes, from, end);
  }

  #made(place: number, bytes: Buffer, from: number, end: number): string | undefined {
    for (let at = from; at < end; at += 1) if ((bytes[at] as number) >= 0x80) return undefined;
    const text = this.finish(bytes.toString('latin1', from, end));
    this.#texts[place] = text;
    return text;
  }
}

/** A text that is kept is ASCII: its codes are its bytes. */
function isTextOf(text: string, bytes: Buffer, from: number, end: number): boolean {
  if (text.length !== end - from) return false;
  for (let at = from; at < end; at += 1) if (text.charCodeAt(at - from) !== bytes[at]) return false;
  return true;
}
