import { type HelloRole, isNodeName } from '@panal/wire';
import { PrincipalError } from './errors.js';

/** Who acts: every request has one. */
export interface Principal {
  readonly role: HelloRole;
  readonly name: string;
}

/** `peer:NAME`, `tracker:NAME` or `client:NAME`. */
export function formatPrincipal({ role, name }: Principal): string {
  return `${role}:${name}`;
}

/** @throws PrincipalError */
export function parsePrincipal(text: string): Principal {
  const [, role, name = ''] = /^(peer|tracker|client):(.*)$/s.exec(text) ?? [];
  if (role === undefined || !isNodeName(name)) throw new PrincipalError(text);
  return { role: role as HelloRole, name };
}
