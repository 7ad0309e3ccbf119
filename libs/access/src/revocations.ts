import { REVOCATIONS_MAX, TICKET_LIFE_MS, TICKET_SKEW_MS } from './limits.js';

/** Longer than this after a revocation no ticket of the key can be good. */
export const REVOCATION_TOLD_MS = TICKET_LIFE_MS + 2 * TICKET_SKEW_MS;

/** Keys whose tickets a peer no longer accepts, though they may not be over yet. Told by trackers; bounded. */
export class Revocations {
  /** Key ids in hex, and when they were heard of; the oldest first. */
  readonly #heardAtMs = new Map<string, number>();
  readonly #listeners = new Set<(keyId: string) => void>();

  /** What a tracker told. Calls back for those that are new. @param nowMs Monotonic. */
  learn(keyIds: readonly string[], nowMs: number): void {
    for (const [keyId, heardAtMs] of this.#heardAtMs) {
      if (nowMs - heardAtMs < REVOCATION_TOLD_MS) break;
      this.#heardAtMs.delete(keyId);
    }
    for (const keyId of keyIds.slice(0, REVOCATIONS_MAX)) {
      if (this.#heardAtMs.has(keyId)) continue;
      const [oldest] = this.#heardAtMs.keys();
      if (oldest !== undefined && this.#heardAtMs.size >= REVOCATIONS_MAX) this.#heardAtMs.delete(oldest);
      this.#heardAtMs.set(keyId, nowMs);
      for (const listener of this.#listeners) listener(keyId);
    }
  }

  has(keyId: string): boolean {
    return this.#heardAtMs.has(keyId);
  }

  get size(): number {
    return this.#heardAtMs.size;
  }

  /** Calls back with each key that is newly revoked, in hex. @returns Ends it. */
  onRevoked(listener: (keyId: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
