/** Something that happens at a moment of virtual time. */
export interface QueuedEvent {
  readonly dueMs: number;
  /** Number of its insertion: events of one moment run in the order they were made, on every machine. */
  readonly order: number;
  /** Undefined once cancelled. */
  run: (() => void) | undefined;
}

/** Events by time, then by order of insertion: a binary heap, so that nothing hangs on the order of a hash table. */
export class EventQueue {
  readonly #heap: QueuedEvent[] = [];
  #orderNext = 0;

  get size(): number {
    return this.#heap.length;
  }

  add(dueMs: number, run: () => void): QueuedEvent {
    const event: QueuedEvent = { dueMs, order: this.#orderNext, run };
    this.#orderNext += 1;
    this.#heap.push(event);
    this.#rise(this.#heap.length - 1);
    return event;
  }

  peek(): QueuedEvent | undefined {
    return this.#heap[0];
  }

  take(): QueuedEvent | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (first === undefined || last === undefined) return undefined;
    if (first !== last) {
      this.#heap[0] = last;
      this.#sink();
    }
    return first;
  }

  #rise(from: number): void {
    const heap = this.#heap;
    const event = heap[from] as QueuedEvent;
    let at = from;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt] as QueuedEvent;
      if (!isBefore(event, parent)) break;
      heap[at] = parent;
      at = parentAt;
    }
    heap[at] = event;
  }

  #sink(): void {
    const heap = this.#heap;
    const event = heap[0] as QueuedEvent;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= heap.length) break;
      const right = left + 1;
      const childAt =
        right < heap.length && isBefore(heap[right] as QueuedEvent, heap[left] as QueuedEvent) ? right : left;
      const child = heap[childAt] as QueuedEvent;
      if (!isBefore(child, event)) break;
      heap[at] = child;
      at = childAt;
    }
    heap[at] = event;
  }
}

function isBefore(a: QueuedEvent, b: QueuedEvent): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}
