import { PanalError } from '@panal/runtime';
import { KEEPERS_ASKED_MAX } from './limits.js';
import type { QuestionKind, Replicas } from './replicas.js';

/** What a tracker answers another one: `isPartial` when it may not know all of the slot, because it has just come to it. */
export interface Answer<R> {
  readonly isPartial: boolean;
  readonly reply: R;
}

/** A read of one slot, wherever it is kept. */
export interface Reading<R> {
  readonly slot: number;
  readonly kind: QuestionKind;
  readonly data: unknown;
  /** What this tracker itself knows. */
  here(): R;
  /** Checks another tracker's answer. @throws when it makes no sense */
  read(reply: unknown): R;
  /** Makes one reply of several that may each lack something. Never called with an empty list. */
  merge(replies: readonly R[]): R;
}

/**
 * Answers from the place where the whole truth is: here, when this tracker keeps the slot; else the first keeper that knows
 * all of it; and while none does (all of them have just started), all that anyone knows, merged.
 */
export class Routes {
  constructor(private readonly replicas: Replicas) {}

  async answer<R>(reading: Reading<R>): Promise<R> {
    const { slot, kind, data } = reading;
    if (this.replicas.isAuthoritative(slot)) return reading.here();
    const partial: R[] = [reading.here()];
    for (const keeper of this.replicas.keepers(slot).slice(0, KEEPERS_ASKED_MAX)) {
      try {
        const { isPartial, reply } = readAnswer(await this.replicas.ask(keeper, { kind, data }));
        const good = reading.read(reply);
        if (!isPartial) return good;
        partial.push(good);
      } catch (error) {
        // One that is away or makes no sense is no reason to fail while another may answer.
        if (!(error instanceof PanalError)) throw error;
      }
    }
    return reading.merge(partial);
  }

  /** The other side of `answer`: what this tracker tells another one of a slot. */
  tell<R>(slot: number, reply: R): Answer<R> {
    return { isPartial: !this.replicas.isAuthoritative(slot), reply };
  }
}

function readAnswer(value: unknown): Answer<unknown> {
  const { isPartial, reply } = (value ?? {}) as Partial<Answer<unknown>>;
  return { isPartial: isPartial !== false, reply };
}
