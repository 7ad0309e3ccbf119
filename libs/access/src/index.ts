export { ClusterKey, formatClusterKey, makeClusterKey, parseClusterKey } from './cluster-key.js';
export { ClusterKeyError, PrincipalError } from './errors.js';
export { formatPrincipal, type Principal, parsePrincipal } from './principal.js';
