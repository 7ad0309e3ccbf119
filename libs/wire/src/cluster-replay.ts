import { DATAGRAM_SENDERS_MAX, DATAGRAM_SKEW_MAX_MS, DATAGRAM_WINDOW } from './limits.js';

const WORD_BITS = 32;

/** Which of the last DATAGRAM_WINDOW sequence numbers of one sender were seen. @see RFC 4303, 3.4.3 */
class ReplayWindow {
  readonly #seen = new Uint32Array(DATAGRAM_WINDOW / WORD_BITS);
  #highest = -1;
  /** When the youngest datagram was sent, by the sender's clock. What is older than it by much is refused by its age alone. */
  lastSentAtMs = 0;

  /** @returns False for a number that was seen, or is too far behind to know. */
  take(sequence: number): boolean {
    if (sequence > this.#highest) this.#advance(sequence);
    else if (this.#highest - sequence >= DATAGRAM_WINDOW || this.#isSeen(sequence)) return false;
    this.#mark(sequence);
    return true;
  }

  /** Forgets the numbers that share their bits with those between the old and the new highest one. */
  #advance(sequence: number): void {
    const from = Math.max(this.#highest + 1, sequence - DATAGRAM_WINDOW + 1);
    for (let next = from; next <= sequence; next += 1) this.#clear(next);
    this.#highest = sequence;
  }

  #isSeen(sequence: number): boolean {
    const bit = sequence % DATAGRAM_WINDOW;
    return (((this.#seen[bit >>> 5] ?? 0) >>> (bit & 31)) & 1) === 1;
  }

  #mark(sequence: number): void {
    const bit = sequence % DATAGRAM_WINDOW;
    this.#seen[bit >>> 5] = (this.#seen[bit >>> 5] ?? 0) | (1 << (bit & 31));
  }

  #clear(sequence: number): void {
    const bit = sequence % DATAGRAM_WINDOW;
    this.#seen[bit >>> 5] = (this.#seen[bit >>> 5] ?? 0) & ~(1 << (bit & 31));
  }
}

/** What one datagram says about itself, once its code was found right. */
export interface DatagramStamp {
  /** Of the process that sent it: `hex`. */
  readonly sender: string;
  readonly sequence: number;
  readonly sentAtMs: number;
}

/**
 * The windows of all senders. A sender is forgotten only when all it ever sent is too old to be taken anyway; while none can
 * be forgotten, further ones are refused. So a replay never passes because memory ran out.
 */
export class ReplayGuard {
  /** Least recently heard first. */
  readonly #windows = new Map<string, ReplayWindow>();

  constructor(private readonly senderCountMax = DATAGRAM_SENDERS_MAX) {}

  get senderCount(): number {
    return this.#windows.size;
  }

  take({ sender, sequence, sentAtMs }: DatagramStamp, nowMs: number): 'fresh' | 'replay' | 'senders' {
    const known = this.#windows.get(sender);
    if (known === undefined && !this.#hasRoom(nowMs)) return 'senders';
    const window = known ?? new ReplayWindow();
    if (!window.take(sequence)) return 'replay';
    window.lastSentAtMs = Math.max(window.lastSentAtMs, sentAtMs);
    this.#windows.delete(sender);
    this.#windows.set(sender, window);
    return 'fresh';
  }

  #hasRoom(nowMs: number): boolean {
    if (this.#windows.size < this.senderCountMax) return true;
    const [oldest] = this.#windows;
    if (oldest === undefined || nowMs - oldest[1].lastSentAtMs <= DATAGRAM_SKEW_MAX_MS) return false;
    this.#windows.delete(oldest[0]);
    return true;
  }
}
