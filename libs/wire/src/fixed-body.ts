/** Bytes of a value, and how deep in its body it was when they were written: higher up they are as good. */
export interface FixedBytes {
  readonly bytes: Buffer;
  readonly depth: number;
}

/**
 * A plain value that goes out in many bodies, such as a peer in every handout of its torrents: it is encoded once, and its
 * bytes are copied from then on. On the wire it is the object of its own fields. Neither they nor what is in them may change.
 */
export abstract class FixedBody {
  #written: FixedBytes | undefined;

  /** For the encoder alone. No property: it would be a field of the message. */
  static writtenOf(body: FixedBody): FixedBytes | undefined {
    return body.#written;
  }

  static keep(body: FixedBody, written: FixedBytes): void {
    body.#written = written;
  }
}
