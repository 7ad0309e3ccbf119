import type { PeerAddress, PeerIdentity } from '@panal/wire';
import { TrackerFullError } from './errors.js';
import { ExpiryQueue, type ExpiryTicket } from './expiry-queue.js';
import type { PeerLease } from './peer-lease.js';
import type { PeerRecord } from './peer-record.js';
import { fromHex, toHex } from './torrent-key.js';

/** Whether a peer that advertises nothing answers at the address its session tracker saw. */
type Reachability =
  | { readonly kind: 'advertised' | 'unknown' | 'pending' | 'reachable' }
  | { readonly kind: 'unreachable'; readonly checkedAtMs: number };

/** A peer that beats to this tracker. */
export interface PeerSession {
  /** Peer id in hex. */
  readonly id: string;
  /** The same as bytes. */
  readonly peerId: Uint8Array;
  readonly name: string;
  readonly incarnation: number;
  readonly since: number;
  readonly addresses: readonly PeerAddress[];
  readonly isAdvertised: boolean;
  reachability: Reachability;
  /** When it was last heard, monotonic. */
  heardAtMs: number;
  /** When its entries are to be written again, monotonic: a beat in between costs no write. */
  refreshDueMs: number;
}

interface Held {
  readonly session: PeerSession;
  readonly ticket: ExpiryTicket<PeerSession>;
}

export interface PeerSessionsOptions {
  /** A peer silent for so long is gone. */
  readonly peerTtlMs: number;
  readonly sessionCountMax: number;
}

/** The peers that beat to this tracker, and when each was last heard. The other trackers know them by their records. */
export class PeerSessions {
  readonly #sessions = new Map<string, Held>();
  readonly #expiry = new ExpiryQueue<PeerSession>();

  constructor(private readonly options: PeerSessionsOptions) {}

  get size(): number {
    return this.#sessions.size;
  }

  get(id: string): PeerSession | undefined {
    return this.#sessions.get(id)?.session;
  }

  /**
   * Begins a session, in place of a former one of the peer.
   * @throws TrackerFullError
   */
  begin(session: PeerSession, nowMs: number): PeerSession {
    const isFull = this.#sessions.size >= this.options.sessionCountMax;
    if (isFull && !this.#sessions.has(session.id)) throw new TrackerFullError('peers', this.options.sessionCountMax);
    this.end(session.id);
    session.heardAtMs = nowMs;
    const ticket = this.#expiry.add(session, nowMs + this.options.peerTtlMs);
    this.#sessions.set(session.id, { session, ticket });
    return session;
  }

  /** A sign of life. */
  renew(id: string, nowMs: number): void {
    const held = this.#sessions.get(id);
    if (held === undefined) return;
    held.session.heardAtMs = nowMs;
    this.#expiry.move(held.ticket, nowMs + this.options.peerTtlMs);
  }

  /** The peer left, or beats to another tracker now. */
  end(id: string): void {
    const held = this.#sessions.get(id);
    if (held === undefined) return;
    this.#expiry.cancel(held.ticket);
    this.#sessions.delete(id);
  }

  /** Whether somebody may have been silent for too long. */
  hasSilent(nowMs: number): boolean {
    return this.#expiry.hasDue(nowMs);
  }

  /** Ends and returns the sessions of peers that were silent for their time. */
  takeSilent(nowMs: number): readonly PeerSession[] {
    const silent = this.#expiry.takeDue(nowMs);
    for (const { id } of silent) this.#sessions.delete(id);
    return silent;
  }
}

/** A session as the peer introduces itself. @param since Hybrid clock of the first word of this process. */
export function sessionOf(
  identity: PeerIdentity,
  { addresses, since, wasReachable }: { addresses: readonly PeerAddress[]; since: number; wasReachable: boolean },
): PeerSession {
  const isAdvertised = identity.addresses.length > 0;
  return {
    id: toHex(identity.id),
    peerId: Buffer.from(identity.id),
    name: identity.name,
    incarnation: identity.incarnation,
    since,
    addresses,
    isAdvertised,
    reachability: { kind: isAdvertised ? 'advertised' : wasReachable ? 'reachable' : 'unknown' },
    heardAtMs: 0,
    refreshDueMs: 0,
  };
}

/** A session taken over from another tracker: the peer goes on beating here. */
export function sessionFrom({
  id,
  name,
  incarnation,
  since,
  addresses,
  isAdvertised,
  isDialable,
}: PeerLease): PeerSession {
  const kind = isAdvertised ? 'advertised' : isDialable ? 'reachable' : 'unknown';
  return {
    id,
    peerId: fromHex(id),
    name,
    incarnation,
    since,
    addresses,
    isAdvertised,
    reachability: { kind },
    heardAtMs: 0,
    refreshDueMs: 0,
  };
}

/** What the other trackers are to know of a session. */
export function recordOf(
  { name, incarnation, since, addresses, isAdvertised, reachability }: PeerSession,
  session: string,
): PeerRecord {
  const isDialable = wouldHandOut({ reachability });
  return { name, incarnation, since, addresses, isDialable, isAdvertised, session };
}

/** Whether the peer may be handed out: it named its addresses itself, or answered when it was dialled. */
export function wouldHandOut({ reachability: { kind } }: Pick<PeerSession, 'reachability'>): boolean {
  return kind === 'advertised' || kind === 'reachable';
}
