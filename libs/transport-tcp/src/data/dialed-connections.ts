/** The data connections this process has dialled, by the client key of the other side: to be closed when that is revoked. */
export class DialedConnections {
  readonly #open = new Map<() => void, string | undefined>();

  get size(): number {
    return this.#open.size;
  }

  /** @param keyId In hex; undefined for the cluster's own. @param close May be called later than the returned function, to no effect. @returns Forgets it. */
  add(keyId: string | undefined, close: () => void): () => void {
    this.#open.set(close, keyId);
    return () => void this.#open.delete(close);
  }

  /** Ends the connections to the bearer of a client key. @param keyId In hex. */
  dropKey(keyId: string): void {
    for (const [close, other] of this.#open) if (other === keyId) close();
  }

  dropAll(): void {
    for (const close of this.#open.keys()) close();
  }
}
