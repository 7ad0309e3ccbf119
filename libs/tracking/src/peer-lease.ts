import type { PeerRecord } from './peer-record.js';

/** A living peer: its right to its id and name, as every tracker knows it. */
export interface PeerLease extends PeerRecord {
  /** Peer id in hex. */
  readonly id: string;
  /** Hybrid clock of the record. */
  readonly clock: number;
  /** Wall clock; without a newer record the peer is gone then. */
  readonly serveUntilMs: number;
}
