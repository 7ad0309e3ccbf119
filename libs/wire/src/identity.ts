import { IdentityInvalidError } from './errors.js';
import { isNodeName } from './name-syntax.js';

/** What a process is to the one it dials. */
export type HelloRole = 'peer' | 'tracker' | 'client';

/** Who a process says it is in the hello. Holding the cluster's key proves membership, not the name. */
export interface HelloIdentity {
  readonly role: HelloRole;
  readonly cluster: string;
  /** `ROLE:NAME`, with this identity's role. */
  readonly principal: string;
}

/** Roles as the hello numbers them. A new one is added at the end, never inserted. */
export const HELLO_ROLES: readonly HelloRole[] = ['peer', 'tracker', 'client'];

/** The identity, if its parts are well formed and agree. @throws IdentityInvalidError */
export function checkIdentity(identity: HelloIdentity): HelloIdentity {
  const { role, cluster, principal } = identity;
  if (!isNodeName(cluster)) throw new IdentityInvalidError('cluster name', cluster);
  if (!principal.startsWith(`${role}:`) || !isNodeName(principal.slice(role.length + 1))) {
    throw new IdentityInvalidError(`name of a ${role} ("${role}:NAME")`, principal);
  }
  return { role, cluster, principal };
}
