import type { AccessRole } from './credentials.js';
import type { ClusterHints, TrackerRequest, WriteReply } from './tracker-messages.js';

// Keys of clients and tickets of peers. All since protocol version 3. A secret is in no message unless sealed: the connection
// proves who sent what and hides nothing.

export interface TicketRequest extends TrackerRequest {
  /** Of the peer that asks, 16 bytes. */
  readonly peerId: Uint8Array;
  /** X25519, 32 bytes; the peer keeps the private half. */
  readonly publicKey: Uint8Array;
}

export interface TicketReply extends ClusterHints {
  /** At most TICKET_SIZE_MAX bytes; see libs/access. */
  readonly ticket: Uint8Array;
  /** Ms since 1970, by the tracker's clock. */
  readonly expiresAt: number;
  /** Public halves of the cluster's signing keys, one or two: whose tickets to believe. */
  readonly signingKeys: readonly Uint8Array[];
  /** Ids of keys whose tickets must not be believed any more, though they are not over; see HeartbeatReply. */
  readonly revoked: readonly Uint8Array[];
}

/** Asks to be told of revocations from now on, as long as the connection lives. The last of two on one connection counts. */
export type AccessWatchRequest = TrackerRequest;

/** Each value of the stream that answers: the first at once, with all there is to tell; the others as it happens. */
export interface AccessNotice {
  /** Ids of keys that are no longer good, as in HeartbeatReply; the asker's own may be among them. */
  readonly revoked: readonly Uint8Array[];
}

/** Only whoever has the cluster's key, or one with the role `admin`, may send this and what follows. */
export interface KeyCreateRequest extends TrackerRequest {
  /** 16 random bytes. */
  readonly id: Uint8Array;
  /** Name, role, namespaces and secret, sealed with the secret of the key that the sender uses; see libs/access. */
  readonly sealed: Uint8Array;
}

export type KeyCreateReply = WriteReply;

export interface KeyRotateRequest extends TrackerRequest {
  readonly id: Uint8Array;
  /** The new secret, sealed as in KeyCreateRequest. Absent: the old one is dropped now. */
  readonly sealed?: Uint8Array;
  /** When the old secret ceases to be good, ms since 1970. Absent: when it is dropped. */
  readonly oldUntil?: number;
}

export interface KeyRotateReply extends WriteReply {
  /** How many secrets of the key are good now: 1 or 2. */
  readonly secretCount: number;
}

export interface KeyRevokeRequest extends TrackerRequest {
  readonly id: Uint8Array;
}

export interface KeyRevokeReply extends WriteReply {
  readonly wasRevoked: boolean;
}

export type KeyListRequest = KeyPageRequest;

interface KeyPageRequest extends TrackerRequest {
  /** Goes on after this id; absent: from the start. */
  readonly after?: Uint8Array;
  /** 1 to KEY_LIST_MAX. */
  readonly countMax: number;
}

export interface KeyListReply {
  /** By id. */
  readonly keys: readonly KeyView[];
  /** What to ask for next; absent at the end. */
  readonly next?: Uint8Array;
}

/** A client key without its secrets. */
export interface KeyView {
  readonly id: Uint8Array;
  readonly name: string;
  readonly role: AccessRole;
  readonly namespaces: readonly string[];
  /** Ms since 1970. */
  readonly createdAt: number;
  /** Ms since 1970; null while it is good. */
  readonly revokedAt: number | null;
  /** Two while the client changes from one to the other. */
  readonly secretCount: number;
}
