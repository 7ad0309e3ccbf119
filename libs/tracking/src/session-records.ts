import type { ClusterRecord } from '@panal/cluster';
import type { Clock } from '@panal/runtime';
import { REFRESHES_PER_LIFE } from './limits.js';
import { areSame, type PeerDirectory } from './peer-directory.js';
import type { PeerLease } from './peer-lease.js';
import { type PeerSession, type PeerSessions, recordOf, wouldHandOut } from './peer-sessions.js';
import type { ReachabilityCheck } from './reachability-check.js';
import type { RecordMaker } from './record-maker.js';
import { type Replicas, tried } from './replicas.js';

export interface SessionRecordsOptions {
  readonly clock: Clock;
  /** How long a peer record is served without a newer one. */
  readonly lifeMs: number;
  readonly replicas: Replicas;
  readonly directory: PeerDirectory;
  readonly sessions: PeerSessions;
  readonly make: RecordMaker;
  readonly reachability: ReachabilityCheck;
}

/** What the other trackers are told of the peers that beat to this one. */
export class SessionRecords {
  constructor(private readonly options: SessionRecordsOptions) {}

  /** The peer's record, when the others do not know it as it is, or not for much longer. */
  due(session: PeerSession): ClusterRecord | undefined {
    const { clock, directory, lifeMs, make, replicas } = this.options;
    const { selfId } = replicas;
    const lease = directory.get(session.id);
    if (lease !== undefined && isKnown(session, lease) && lease.session === selfId) {
      if (isFresh(lease, clock.nowMs(), lifeMs)) return undefined;
    }
    return make.peer(session.id, recordOf(session, selfId));
  }

  /** Dials a peer that advertises nothing, before it is handed out. Returns at once. */
  checkReachability(session: PeerSession): void {
    // Nearly all advertise, or have been dialled.
    if (session.reachability.kind === 'advertised' || session.reachability.kind === 'reachable') return;
    this.options.reachability.check(session, () => {
      // It may have gone meanwhile; and a failed write is made good by the next beat.
      if (this.options.sessions.get(session.id) !== session) return;
      const record = this.due(session);
      if (record !== undefined) void tried(this.options.replicas.write([record]));
    });
  }
}

/** Whether a version was written so lately that it need not be written again. */
export function isFresh({ serveUntilMs }: { readonly serveUntilMs: number }, nowMs: number, lifeMs: number): boolean {
  return serveUntilMs - nowMs > lifeMs * (1 - 1 / REFRESHES_PER_LIFE);
}

function isKnown(session: PeerSession, lease: PeerLease): boolean {
  return (
    lease.name === session.name &&
    lease.incarnation === session.incarnation &&
    lease.isDialable === wouldHandOut(session) &&
    lease.isAdvertised === session.isAdvertised &&
    areSame(lease.addresses, session.addresses)
  );
}
