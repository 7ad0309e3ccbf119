import type { AccessRole } from '@panal/wire';

/** Roles a client key may have: `member` is whoever has the cluster's own. */
export const KEY_ROLES = ['peer', 'viewer', 'maintainer', 'admin'] as const satisfies readonly AccessRole[];
export type KeyRole = (typeof KEY_ROLES)[number];

/** A secret of a client key: one, or two while the client changes from the one to the other. */
export interface KnownSecret {
  /** 32 bytes. */
  readonly secret: Buffer;
  /** Ms since 1970; undefined: until the key is revoked. */
  readonly validUntilMs: number | undefined;
}

/** A client key as the trackers know it. */
export interface KnownKey {
  /** In hex. */
  readonly id: string;
  readonly name: string;
  readonly role: KeyRole;
  readonly namespaces: readonly string[];
  /** Ms since 1970. */
  readonly createdAtMs: number;
  /** The one to use first. */
  readonly secrets: readonly KnownSecret[];
}

/** What a tracker knows of client keys. */
export interface KeyDirectory {
  /** Whether what is known is all there is: a tracker that has just started knows neither all keys nor all revocations. */
  readonly isReady: boolean;
  find(keyId: string): KnownKey | undefined;
  isRevoked(keyId: string): boolean;
}
