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
export { ClientKeyError, ClusterKeyError, KeyRotationError, PrincipalError } from './errors.js';
export { ClientKeyCredentials, ClusterKeyCredentials } from './key-credentials.js';
export { KEY_ROLES, type KeyDirectory, type KeyRole, type KnownKey, type KnownSecret } from './known-key.js';
export { KEY_FILE_SIZE_MAX, REVOCATIONS_MAX, TICKET_LIFE_MS, TICKET_SKEW_MS } from './limits.js';
export { type OwnTicket, PeerCredentials, type PeerCredentialsOptions } from './peer-credentials.js';
export { formatPrincipal, type Principal, parsePrincipal } from './principal.js';
export { REVOCATION_TOLD_MS, Revocations } from './revocations.js';
export { isSealedWith, openSecret, SEALED_OVERHEAD, type SealingKey, sealSecret } from './sealed-secret.js';
export { SigningKey } from './signing-key.js';
export { checkTicket, signTicket, type Ticket, type TicketFault } from './ticket.js';
export { TrackerCredentials } from './tracker-credentials.js';
