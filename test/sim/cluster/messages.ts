import type { RecordClass } from '@panal/cluster';
import { decodeEnvelope, encodeFrame, splitFrames } from '@panal/wire';

/** From a client: write a record. The tracker stamps it. */
export interface WriteRequest {
  readonly kind: 'write';
  readonly request: number;
  readonly name: string;
  readonly key: Buffer;
  readonly slot: number;
  readonly recordClass: RecordClass;
  readonly operation: number;
  readonly isDead: boolean;
  /** How long it is served; 0: for ever. */
  readonly leaseMs: number;
  /** Stamp of the last write the client knows of, so that this one is newer; 0: none. */
  readonly token: number;
}

/** From a client: what do you have? */
export interface ReadRequest {
  readonly kind: 'read';
  readonly request: number;
  readonly name: string;
  readonly key: Buffer;
  readonly slot: number;
}

export type ClientRequest = WriteRequest | ReadRequest;

interface WriteReply {
  readonly kind: 'written';
  readonly request: number;
  readonly clock: number;
  readonly origin: number;
  readonly copies: number;
}

interface RefusedReply {
  readonly kind: 'refused';
  readonly request: number;
  readonly code: string;
}

/** `isAuthoritative`: an owner in sync says so; what it does not name is not there. Stamp 0: nothing is served. */
interface ReadReply {
  readonly kind: 'value';
  readonly request: number;
  readonly isAuthoritative: boolean;
  readonly clock: number;
  readonly origin: number;
}

export type ClientReply = WriteReply | RefusedReply | ReadReply;

/** What travels between two hosts. Messages of the cluster are the product's own and are checked by it. */
export type Parcel =
  | {
      readonly to: 'cluster';
      readonly from: string;
      readonly toId: string | undefined;
      readonly startedAt: number;
      readonly body: unknown;
    }
  | { readonly to: 'tracker'; readonly body: ClientRequest }
  | { readonly to: 'client'; readonly body: ClientReply };

const EVENT = {
  kind: 'event',
  msgId: 0,
  timestamp: 0,
  version: 0,
  endpoint: 'sim',
  handler: 'cluster',
  command: 'message',
} as const;

/** Through the product's own codec, with its limits: what could not travel for real does not travel here. */
export function encodeParcel(parcel: Parcel): Buffer {
  return encodeFrame({ ...EVENT, data: parcel });
}

export function decodeParcel(bytes: Buffer): Parcel {
  const [frame] = splitFrames(bytes);
  // The simulator made it: only the body of a cluster message is checked, by the code under test.
  return decodeEnvelope(frame as Buffer).data as Parcel;
}
