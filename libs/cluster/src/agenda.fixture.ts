interface Due {
  readonly atMs: number;
  readonly order: number;
  readonly act: () => void;
}

/** What is to happen, and when: a heap, by time, then by the order in which it was said. */
export class Agenda {
  readonly #due: Due[] = [];
  #order = 0;

  /** When the next is due; undefined: nothing is. */
  get nextAtMs(): number | undefined {
    return this.#due[0]?.atMs;
  }

  add(atMs: number, act: () => void): void {
    this.#order += 1;
    const due = { atMs, order: this.#order, act };
    let at = this.#due.length;
    for (let parent = (at - 1) >> 1; at > 0 && isBefore(due, this.#due[parent]); at = parent, parent = (at - 1) >> 1) {
      this.#due[at] = this.#due[parent] as Due;
    }
    this.#due[at] = due;
  }

  /** What is due next, which is over with that. */
  take(): (() => void) | undefined {
    const next = this.#due[0]?.act;
    this.#pop();
    return next;
  }

  #pop(): void {
    const last = this.#due.pop();
    if (last === undefined || this.#due.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child + 1 < this.#due.length && isBefore(this.#due[child + 1] as Due, this.#due[child])) child += 1;
      if (child >= this.#due.length || !isBefore(this.#due[child] as Due, last)) break;
      this.#due[at] = this.#due[child] as Due;
      at = child;
    }
    this.#due[at] = last;
  }
}

function isBefore(one: Due, other: Due | undefined): boolean {
  return other !== undefined && (one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order));
}
