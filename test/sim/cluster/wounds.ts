import type { KeyHistory, Version } from './history.js';
import { type CopiesCheck, isMended, woundedKeys } from './invariant-lost.js';

/**
 * What the last deaths left with fewer than three copies. Two trackers may die at any moment at which there is nothing of the
 * kind. It is looked at right after deaths only: at any other time three copies are the promise that is under test.
 */
export class Wounds {
  readonly #keys = new Set<KeyHistory>();
  #diedAtMs = Number.NEGATIVE_INFINITY;

  noteDeaths(check: CopiesCheck): void {
    this.#diedAtMs = check.nowMs;
    for (const history of woundedKeys(check)) this.#keys.add(history);
  }

  /** The news of an acknowledgement may have been overtaken by deaths. */
  noteAck(history: KeyHistory, version: Version): void {
    if (version.stampedAtMs <= this.#diedAtMs) this.#keys.add(history);
  }

  areMended(check: CopiesCheck): boolean {
    for (const history of this.#keys) {
      if (!isMended(check, history)) return false;
      this.#keys.delete(history);
    }
    return true;
  }
}
