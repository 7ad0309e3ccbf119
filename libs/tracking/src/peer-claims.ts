import { formatAddress, type HostPort } from '@panal/runtime';
import type { PeerIdentity } from '@panal/wire';
import { PeerFencedError, PeerNameTakenError } from './errors.js';
import { addressesOf, areSame, type Claim, meet, type PeerDirectory } from './peer-directory.js';
import type { PeerLease } from './peer-lease.js';
import { type PeerSession, type PeerSessions, sessionFrom, sessionOf } from './peer-sessions.js';
import type { ReachabilityCheck } from './reachability-check.js';
import type { RecordMaker } from './record-maker.js';
import { recentHex } from './torrent-key.js';

export interface PeerClaimsOptions {
  readonly directory: PeerDirectory;
  readonly sessions: PeerSessions;
  readonly reachability: ReachabilityCheck;
  readonly make: RecordMaker;
  /** Called when the process behind a lease has turned out to be dead. */
  readonly bury: (lease: PeerLease) => void;
}

/** Admits peers to their ids and names, and opens their sessions. */
export class PeerClaims {
  constructor(private readonly options: PeerClaimsOptions) {}

  /**
   * A peer introduces itself with all it is.
   * @throws PeerNameTakenError, PeerFencedError, TrackerFullError
   */
  admit(identity: PeerIdentity, observedHost: string, nowMs: number): PeerSession {
    const id = recentHex(identity.id);
    const addresses = addressesOf(identity, observedHost);
    const claim = this.options.directory.claim(identity, addresses, id);
    if (claim.kind !== 'free') throw this.#refuse(claim, identity.name);
    const session = this.options.sessions.get(id);
    if (session !== undefined && isSame(session, identity, addresses)) {
      this.options.sessions.renew(session.id, nowMs);
      return session;
    }
    const { known, isNewProcess } = claim;
    const since = known === undefined || isNewProcess ? this.options.make.tick() : known.since;
    const wasReachable = known !== undefined && known.isDialable && meet(known.addresses, addresses);
    return this.options.sessions.begin(sessionOf(identity, { addresses, since, wasReachable }), nowMs);
  }

  /**
   * A peer that was here, or at another tracker, goes on.
   * @returns Undefined when it must announce first: it is unknown, or a newer process than known.
   * @throws PeerFencedError
   */
  renew(id: string, incarnation: number, nowMs: number): PeerSession | undefined {
    const known = this.options.directory.get(id);
    const session = this.options.sessions.get(id);
    const newest = known ?? session;
    if (newest === undefined || incarnation > newest.incarnation) return undefined;
    if (incarnation < newest.incarnation) {
      throw new PeerFencedError(newest.name, formatAddress(newest.addresses[0] as HostPort), 'newer process');
    }
    if (session?.incarnation === incarnation) {
      this.options.sessions.renew(id, nowMs);
      return session;
    }
    return known === undefined ? undefined : this.options.sessions.begin(sessionFrom(known), nowMs);
  }

  #refuse(claim: Exclude<Claim, { kind: 'free' }>, name: string): Error {
    const { holder } = claim;
    const address = formatAddress(holder.addresses[0] as HostPort);
    if (claim.kind === 'fenced' && claim.reason === 'newer process') {
      return new PeerFencedError(name, address, claim.reason);
    }
    const heardAtMs = this.options.sessions.get(holder.id)?.heardAtMs;
    this.options.reachability.probe(holder, () => this.#buryUnlessHeard(holder, heardAtMs));
    return claim.kind === 'fenced'
      ? new PeerFencedError(name, address, claim.reason)
      : new PeerNameTakenError(name, address);
  }

  /** The holder's process is gone: its successor need not wait. A word of it in the meantime is stronger than a refusal. */
  #buryUnlessHeard(holder: PeerLease, heardAtMs: number | undefined): void {
    const isSilent = this.options.sessions.get(holder.id)?.heardAtMs === heardAtMs;
    if (isSilent && this.options.directory.get(holder.id)?.clock === holder.clock) this.options.bury(holder);
  }
}

function isSame(session: PeerSession, identity: PeerIdentity, addresses: PeerSession['addresses']): boolean {
  return (
    session.incarnation === identity.incarnation &&
    session.name === identity.name &&
    session.isAdvertised === identity.addresses.length > 0 &&
    areSame(session.addresses, addresses)
  );
}
