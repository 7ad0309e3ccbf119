export {
  RecordDiskError,
  RecordDiskFullError,
  RecordDiskReadOnlyError,
  RecordLogClosedError,
  RecordLogForeignError,
  RecordLogNewerError,
} from './errors.js';
export type { LogIdentity, StandingOrders } from './folder-state.js';
export type { LogCounters } from './log-counters.js';
export { type LoadSummary, RecordLog, type RecordLogOptions } from './record-log.js';
export type { RecordSource } from './refill.js';
export type { Restored } from './state-keeper.js';
export type { RecordName } from './write-batch.js';
