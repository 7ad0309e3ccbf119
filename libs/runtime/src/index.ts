export { AddressError, formatAddress, type HostPort, parseAddress } from './address.js';
export { type CancelTimer, type Clock, ManualClock, type Timers } from './clock.js';
export type { ComplianceCase } from './compliance-case.js';
export { type LogFields, type Logger, silentLogger } from './logger.js';
export { TRACKER_NODE_FLAGS } from './node-flags.js';
export { type ErrorReport, errorReport, PanalError, type PanalErrorOptions, ReportedError } from './panal-error.js';
export { type Random, SeededRandom } from './random.js';
