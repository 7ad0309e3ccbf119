import { CURVE_KEY_SIZE, type OwnTicket, privateKeyOf, publicBytesOf, type Revocations } from '@panal/access';
import { type CancelTimer, type Clock, errorReport, type Logger, type Random, type Timers } from '@panal/runtime';
import { DEFAULT_NAMESPACE, type TicketReply, type TicketRequest } from '@panal/wire';
import { TICKET_LIFE_MIN_MS, TICKET_RETRY_MS, TICKET_WAIT_MS } from '../peer-limits.js';

export interface TicketAgentOptions {
  /** Asks a tracker for a ticket. */
  readonly ask: (request: TicketRequest) => Promise<TicketReply>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly peerId: Buffer;
  readonly revocations: Revocations;
  /** Whose tickets to believe until a tracker says so. */
  readonly publicKeys: readonly Buffer[];
}

/** Keeps a ticket that is good for at least half its life, with a new key each time. */
export class TicketAgent {
  #ticket: OwnTicket | undefined;
  #publicKeys: readonly Buffer[];
  #cancelTimer: CancelTimer = () => undefined;
  #isAsking = false;
  #isStopped = false;
  readonly #waiting = new Set<() => void>();

  constructor(private readonly options: TicketAgentOptions) {
    this.#publicKeys = options.publicKeys;
  }

  get ticket(): OwnTicket | undefined {
    return this.#ticket;
  }

  get publicKeys(): readonly Buffer[] {
    return this.#publicKeys;
  }

  /** There is a tracker to ask: at once, unless there is a fresh ticket. */
  wake(): void {
    if (this.#ticket === undefined && !this.#isAsking && !this.#isStopped) void this.#renew();
  }

  /** Resolves when there is a ticket, or soon: whoever dials without one is told what is missing. */
  ready(signal: AbortSignal): Promise<void> {
    if (this.#ticket !== undefined || this.#isStopped) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        signal.removeEventListener('abort', end);
        this.#waiting.delete(end);
        resolve();
      };
      const cancel = this.options.timers.after(TICKET_WAIT_MS, end);
      signal.addEventListener('abort', end, { once: true });
      this.#waiting.add(end);
      this.wake();
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer();
    for (const end of this.#waiting) end();
  }

  /** The key of this peer was revoked: it shows the ticket it has to nobody any more, and asks for no other. */
  revoke(): void {
    this.stop();
    this.#ticket = undefined;
  }

  async #renew(): Promise<void> {
    const { ask, random, peerId, logger, clock } = this.options;
    this.#isAsking = true;
    this.#cancelTimer();
    const privateKey = privateKeyOf('x25519', random.bytes(CURVE_KEY_SIZE));
    try {
      const publicKey = publicBytesOf('x25519', privateKey);
      this.#take(await ask({ namespace: DEFAULT_NAMESPACE, peerId, publicKey }), privateKey);
    } catch (error) {
      // The one there is goes on being good for as long again; a peer with the cluster's key needs none.
      logger.debug('No tracker gave a ticket', { ...errorReport(error) });
      if (this.#ticket !== undefined && clock.nowMs() >= this.#ticket.expiresAtMs) this.#ticket = undefined;
      this.#schedule(TICKET_RETRY_MS + random.below(TICKET_RETRY_MS));
    } finally {
      this.#isAsking = false;
    }
  }

  #take({ ticket, expiresAt, signingKeys, revoked }: TicketReply, privateKey: OwnTicket['privateKey']): void {
    const { clock, random, revocations } = this.options;
    if (this.#isStopped) return;
    const lifeMs = Math.max(TICKET_LIFE_MIN_MS, expiresAt - clock.nowMs());
    this.#ticket = { bytes: Buffer.from(ticket), privateKey, expiresAtMs: expiresAt };
    this.#publicKeys = signingKeys.map((key) => Buffer.from(key));
    this.learn(revoked, revocations);
    // Up to a tenth earlier: peers that were started together shall not ask together.
    this.#schedule(lifeMs / 2 - random.below(Math.ceil(lifeMs / 20)));
    for (const end of this.#waiting) end();
  }

  /** What a tracker told of keys that are no longer good. */
  learn(revoked: readonly Uint8Array[], revocations = this.options.revocations): void {
    revocations.learn(
      revoked.map((keyId) => Buffer.from(keyId).toString('hex')),
      this.options.clock.monotonicMs(),
    );
  }

  #schedule(inMs: number): void {
    if (this.#isStopped) return;
    this.#cancelTimer = this.options.timers.after(inMs, () => void this.#renew());
  }
}
