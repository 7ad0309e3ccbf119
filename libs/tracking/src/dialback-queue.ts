import { formatAddress, type HostPort } from '@panal/runtime';
import type { Dialback, DialbackOutcome } from './dialback.js';

export interface DialbackQueueOptions {
  readonly dialback: Dialback;
  readonly concurrency: number;
  readonly queueMax: number;
  readonly timeoutMs: number;
}

interface Waiting {
  readonly address: HostPort;
  readonly onOutcome: (outcome: DialbackOutcome) => void;
}

/** Dials a bounded number of addresses at a time, each address once at a time; the rest waits in order. */
export class DialbackQueue {
  readonly #busy = new Set<string>();
  readonly #waiting: Waiting[] = [];
  #dialling = 0;

  constructor(private readonly options: DialbackQueueOptions) {}

  /** @returns False when the address is being tried already or the queue is full; ask again later. */
  request(address: HostPort, onOutcome: (outcome: DialbackOutcome) => void): boolean {
    const key = formatAddress(address);
    if (this.#busy.has(key) || this.#waiting.length >= this.options.queueMax) return false;
    this.#busy.add(key);
    this.#waiting.push({ address, onOutcome });
    this.#start();
    return true;
  }

  #start(): void {
    while (this.#dialling < this.options.concurrency) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#dialling += 1;
      void this.#dial(next);
    }
  }

  async #dial({ address, onOutcome }: Waiting): Promise<void> {
    const outcome = await this.options.dialback.dial(address, this.options.timeoutMs);
    this.#dialling -= 1;
    this.#busy.delete(formatAddress(address));
    onOutcome(outcome);
    this.#start();
  }
}
