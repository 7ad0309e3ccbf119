import { CANCELLED_MAX } from './limits.js';
import type { Ask, SourceRecord } from './source-record.js';

/**
 * What asking twice may cost: bytes asked twice and under way, and those that did come twice. A duplicate that cost
 * nothing gives its bytes back: sources that hang must not spend what the end of a download needs.
 */
export class DuplicateBudget {
  /** Asks under way of blocks that were asked for before. Of the asks for one block all but one are here. */
  readonly #underWay = new Set<Ask>();
  /** Requests that were cancelled because their block had come, oldest first: too late, now and then. */
  readonly #void = new Set<number>();
  #bytes = 0;

  constructor(private readonly bytesMax: number) {}

  /** Half of it is for sources that are known to bring what they owe. */
  allows(lengthBytes: number, helper: SourceRecord): boolean {
    return this.#bytes + lengthBytes <= (helper.isProven ? this.bytesMax : this.bytesMax / 2);
  }

  asked(ask: Ask): void {
    if (ask.target.asksOf(ask.block).length < 2) return;
    this.#underWay.add(ask);
    this.#bytes += ask.lengthBytes;
  }

  /** It was cancelled, refused or lost, and is still an ask of its chunk. */
  unanswered(ask: Ask): void {
    if (this.#giveBack(ask)) return;
    ask.target.asksOf(ask.block).some((other) => this.#giveBack(other));
  }

  /** The block of `ask` came with `answered`. */
  cameOtherwise(ask: Ask, answered: Ask): void {
    this.#giveBack(ask);
    this.#giveBack(answered);
    this.#void.add(ask.id);
    if (this.#void.size > CANCELLED_MAX) this.#void.delete(this.#void.values().next().value as number);
  }

  /** The answer to a cancelled request came all the same. When its block had come before, that was the price. */
  cameLate(requestId: number, lengthBytes: number): void {
    if (this.#void.delete(requestId)) this.#bytes += lengthBytes;
  }

  #giveBack(ask: Ask): boolean {
    if (!this.#underWay.delete(ask)) return false;
    this.#bytes -= ask.lengthBytes;
    return true;
  }
}
