import type { HostPort, LogFields, PanalError } from '@panal/runtime';
import type { TrackerId } from '../record.js';
import type { GossipMessage } from './gossip-message.js';
import type { MembershipMessage } from './membership-message.js';

/** What membership wants done. Nothing needs an answer: what is lost is sent again. */
export type MembershipEffect =
  | { readonly kind: 'datagram'; readonly to: HostPort; readonly message: GossipMessage }
  /** By TCP. An id: by the link that is open, or to the address of that member. */
  | { readonly kind: 'send'; readonly to: TrackerId | HostPort; readonly message: MembershipMessage }
  /** The view has changed: its version is another. */
  | { readonly kind: 'view' }
  /** Nobody is active and this tracker is to begin: it should become active without waiting to be in sync. */
  | { readonly kind: 'bootstrap' }
  /** Where the others are. To be kept, and given as `knownAddresses` at the next start. */
  | { readonly kind: 'known-addresses'; readonly addresses: readonly HostPort[] }
  | { readonly kind: 'log'; readonly level: 'info' | 'warn'; readonly message: string; readonly fields: LogFields }
  /** This tracker must not go on. */
  | { readonly kind: 'fatal'; readonly error: PanalError };

/** Effects of one step, in their order. */
export class Outbox {
  #effects: MembershipEffect[] = [];

  add(effect: MembershipEffect): void {
    this.#effects.push(effect);
  }

  info(message: string, fields: LogFields): void {
    this.add({ kind: 'log', level: 'info', message, fields });
  }

  warn(message: string, fields: LogFields): void {
    this.add({ kind: 'log', level: 'warn', message, fields });
  }

  take(): readonly MembershipEffect[] {
    const taken = this.#effects;
    this.#effects = [];
    return taken;
  }
}
