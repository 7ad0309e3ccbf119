import { AccessDeniedError } from '@panal/access';
import type { RpcContext } from '@panal/transport-tcp';

/** Who gives orders has the cluster's key, or one with the role `admin`. @param what The order, as "may not ..." goes on. @throws AccessDeniedError */
export function requireAdmin({ access }: RpcContext, what: string): void {
  if (access.role !== 'member' && access.role !== 'admin') throw new AccessDeniedError(what, access.role);
}
