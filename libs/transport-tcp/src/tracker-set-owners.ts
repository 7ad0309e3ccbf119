/** Which trackers keep what of which torrent, as their replies told; bounded, what was not asked about for longest goes. */
export class OwnerCache {
  readonly #owners = new Map<string, readonly string[]>();

  /** @param countMax Torrents. */
  constructor(private readonly countMax: number) {}

  get size(): number {
    return this.#owners.size;
  }

  /** Addresses, best first; none of a torrent nobody told about. */
  of(hash: Uint8Array): readonly string[] {
    const key = keyOf(hash);
    const owners = this.#owners.get(key);
    if (owners === undefined) return [];
    this.#owners.delete(key);
    this.#owners.set(key, owners);
    return owners;
  }

  learn(hash: Uint8Array, owners: readonly string[]): void {
    const key = keyOf(hash);
    this.#owners.delete(key);
    this.#owners.set(key, owners);
    const [oldest] = this.#owners.keys();
    if (this.#owners.size > this.countMax && oldest !== undefined) this.#owners.delete(oldest);
  }

  /** The members have changed, and with them who keeps what. */
  clear(): void {
    this.#owners.clear();
  }
}

function keyOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
