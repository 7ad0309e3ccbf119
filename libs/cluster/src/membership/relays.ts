import type { TrackerId } from '../record.js';
import type { Ack, PingRequest } from './gossip-message.js';
import { PROBE_INTERVAL_MS, PROBE_TIMEOUT_MS, RELAYS_MAX } from './limits.js';
import type { Messenger, Receiver } from './messenger.js';
import type { Roster } from './roster.js';

/** Before this the one who asked must know that we are there, even if the target is not. */
const NACK_AFTER_MS = PROBE_TIMEOUT_MS * 0.8;

interface Relay {
  readonly requester: Receiver;
  readonly seq: number;
  readonly target: TrackerId;
  readonly nackAtMs: number;
  readonly endMs: number;
  isNacked: boolean;
}

/** Probes made for others. */
export class Relays {
  /** By the number of our own ping. */
  readonly #relays = new Map<number, Relay>();

  constructor(
    private readonly parts: { readonly roster: Roster; readonly messenger: Messenger },
    private readonly nextSeq: () => number,
  ) {}

  begin(request: PingRequest, requester: Receiver, steadyMs: number): void {
    if (this.#relays.size >= RELAYS_MAX) return;
    const { target, address, seq } = request;
    const ownSeq = this.nextSeq();
    this.#relays.set(ownSeq, {
      requester,
      seq,
      target,
      nackAtMs: steadyMs + NACK_AFTER_MS,
      endMs: steadyMs + PROBE_INTERVAL_MS,
      isNacked: false,
    });
    const known = this.parts.roster.get(target)?.cluster ?? address;
    this.parts.messenger.send({ address: known, id: target }, { kind: 'ping', seq: ownSeq, to: target });
  }

  /** Passes on the answer of a target. */
  acked({ from, seq, timeMs }: Ack): void {
    const relay = this.#relays.get(seq);
    if (relay?.target !== from) return;
    this.#relays.delete(seq);
    this.parts.messenger.send(relay.requester, { kind: 'ack', seq: relay.seq, timeMs });
  }

  tick(steadyMs: number): void {
    for (const [ownSeq, relay] of this.#relays) {
      if (!relay.isNacked && steadyMs >= relay.nackAtMs) {
        relay.isNacked = true;
        this.parts.messenger.send(relay.requester, { kind: 'nack', seq: relay.seq });
      }
      if (steadyMs >= relay.endMs) this.#relays.delete(ownSeq);
    }
  }
}
