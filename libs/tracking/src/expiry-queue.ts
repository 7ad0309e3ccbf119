/** A place in an `ExpiryQueue`. Owned by the queue; the holder passes it back to move or cancel the item. */
export interface ExpiryTicket<Item> {
  readonly item: Item;
  readonly expiresAtMs: number;
}

interface Slot<Item> extends ExpiryTicket<Item> {
  expiresAtMs: number;
  /** When the heap looks at the slot next; at most `expiresAtMs`. */
  dueMs: number;
  index: number;
}

/**
 * Items in the order in which they expire: a binary heap whose items know their place. Lengthening a life costs nothing
 * (the heap notices when the old time comes), because a heartbeat lengthens thousands of them at once.
 */
export class ExpiryQueue<Item> {
  readonly #heap: Slot<Item>[] = [];

  get size(): number {
    return this.#heap.length;
  }

  add(item: Item, expiresAtMs: number): ExpiryTicket<Item> {
    const slot: Slot<Item> = { item, expiresAtMs, dueMs: expiresAtMs, index: this.#heap.length };
    this.#heap.push(slot);
    this.#rise(slot);
    return slot;
  }

  /** Sets a new time, later or earlier. A ticket that was cancelled or taken is ignored. */
  move(ticket: ExpiryTicket<Item>, expiresAtMs: number): void {
    const slot = ticket as Slot<Item>;
    if (this.#heap[slot.index] !== slot) return;
    slot.expiresAtMs = expiresAtMs;
    if (expiresAtMs >= slot.dueMs) return;
    slot.dueMs = expiresAtMs;
    this.#rise(slot);
  }

  /** Takes the item out; a ticket that was cancelled or taken is ignored. */
  cancel(ticket: ExpiryTicket<Item>): void {
    const slot = ticket as Slot<Item>;
    if (this.#heap[slot.index] === slot) this.#remove(slot);
  }

  /** Whether `takeDue` may have something to do: asked with every message. */
  hasDue(nowMs: number): boolean {
    const top = this.#heap[0];
    return top !== undefined && top.dueMs <= nowMs;
  }

  /** Removes and returns what expires at `nowMs` or before, the earliest first. */
  takeDue(nowMs: number): Item[] {
    const due: Item[] = [];
    for (let top = this.#heap[0]; top !== undefined && top.dueMs <= nowMs; top = this.#heap[0]) {
      if (top.expiresAtMs > nowMs) {
        top.dueMs = top.expiresAtMs;
        this.#sink(top);
      } else {
        this.#remove(top);
        due.push(top.item);
      }
    }
    return due;
  }

  #remove(slot: Slot<Item>): void {
    const last = this.#heap.pop() as Slot<Item>;
    if (last !== slot) {
      this.#place(last, slot.index);
      this.#rise(last);
      this.#sink(last);
    }
    slot.index = -1;
  }

  #rise(slot: Slot<Item>): void {
    while (slot.index > 0) {
      const parent = this.#heap[(slot.index - 1) >>> 1] as Slot<Item>;
      if (parent.dueMs <= slot.dueMs) return;
      this.#swap(parent, slot);
    }
  }

  #sink(slot: Slot<Item>): void {
    for (;;) {
      const left = this.#heap[slot.index * 2 + 1];
      const right = this.#heap[slot.index * 2 + 2];
      const child = right !== undefined && left !== undefined && right.dueMs < left.dueMs ? right : left;
      if (child === undefined || child.dueMs >= slot.dueMs) return;
      this.#swap(slot, child);
    }
  }

  #swap(upper: Slot<Item>, lower: Slot<Item>): void {
    const { index } = upper;
    this.#place(upper, lower.index);
    this.#place(lower, index);
  }

  #place(slot: Slot<Item>, index: number): void {
    this.#heap[index] = slot;
    slot.index = index;
  }
}
