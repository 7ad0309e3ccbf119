export { type AccessKey, parseAccessKey } from './access-key.js';
export { boundPeerId, mayHavePeerId } from './bound-peer-id.js';
export {
  CLIENT_KEY_PREFIX,
  CLIENT_SECRET_SIZE,
  ClientKey,
  formatClientKey,
  makeClientKey,
  parseClientKey,
} from './client-key.js';
export { ClusterKey, formatClusterKey, makeClusterKey, parseClusterKey } from './cluster-key.js';
export {
  ClusterKeyring,
  keyringOf,
  makeClusterKeyring,
  parseClusterKeyring,
  rotateClusterKeyring,
} from './cluster-keyring.js';
export { CURVE_KEY_SIZE, privateKeyOf, publicBytesOf } from './curve-keys.js';
export {
  AccessDeniedError,
  ClientKeyError,
  ClusterKeyError,
  KeyRotationError,
  PeerIdForeignError,
  PrincipalError,
} from './errors.js';
export { ClientKeyCredentials, ClusterKeyCredentials } from './key-credentials.js';
export { KEY_ROLES, type KeyDirectory, type KeyRole, type KnownKey, type KnownSecret } from './known-key.js';
export { KEYS_AT_ONCE_MAX, REVOCATIONS_MAX, TICKET_LIFE_MS, TICKET_SKEW_MS } from './limits.js';
export { decodeNewKey, decodeSecret, encodeNewKey, isNamespaceList, type NewKey } from './new-key.js';
export { type OwnTicket, PeerCredentials, type PeerCredentialsOptions } from './peer-credentials.js';
export { formatPrincipal, type Principal, parsePrincipal } from './principal.js';
export { REVOCATION_TOLD_MS, Revocations } from './revocations.js';
export {
  isSealedWith,
  openSecret,
  SEALED_OVERHEAD,
  type SealingKey,
  sealingKeyOf,
  sealSecret,
} from './sealed-secret.js';
export { SigningKey } from './signing-key.js';
export { checkTicket, signTicket, type Ticket, type TicketFault } from './ticket.js';
export { TicketOffice } from './ticket-office.js';
export { TrackerCredentials } from './tracker-credentials.js';
