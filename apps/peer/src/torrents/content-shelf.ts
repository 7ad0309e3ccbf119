import type { ContentDirectory, Visitor } from '@panal/transport-tcp';
import { DEFAULT_NAMESPACE } from '@panal/wire';
import type { ServedContent } from './served-content.js';

/** Everything this peer can serve at the moment, by content id. The data port looks here and nowhere else. */
export class ContentShelf implements ContentDirectory {
  readonly #contents = new Map<string, Set<ServedContent>>();
  readonly #greeters = new Map<string, (visitor: Visitor) => void>();

  constructor(readonly peerName: string) {}

  /** Puts content up for serving. Of several with one hash the first is served. @returns Takes it down, and ends who downloads it. */
  put(hash: Buffer, content: ServedContent): () => void {
    const key = hash.toString('hex');
    const contents = this.#contents.get(key) ?? new Set();
    this.#contents.set(key, contents.add(content));
    return () => {
      contents.delete(content);
      content.end();
      if (contents.size === 0 && this.#contents.get(key) === contents) this.#contents.delete(key);
    };
  }

  find(namespace: string, hash: Buffer): ServedContent | undefined {
    if (namespace !== DEFAULT_NAMESPACE) return undefined;
    const contents = this.#contents.get(hash.toString('hex'));
    const [first] = contents ?? [];
    return first;
  }

  has(hash: Buffer): boolean {
    return this.#contents.has(hash.toString('hex'));
  }

  /** Hears of everybody who wants this torrent. @returns Ends it. */
  onVisitor(hash: Buffer, greeter: (visitor: Visitor) => void): () => void {
    const key = hash.toString('hex');
    this.#greeters.set(key, greeter);
    return () => void (this.#greeters.get(key) === greeter && this.#greeters.delete(key));
  }

  greet(visitor: Visitor): void {
    if (visitor.namespace === DEFAULT_NAMESPACE) this.#greeters.get(visitor.hash.toString('hex'))?.(visitor);
  }
}
