import { MemoryRecordStore } from './memory-record-store.js';
import { describeRecordStore } from './record-store.compliance.js';

describeRecordStore(
  'MemoryRecordStore',
  (recordCountMax) => new MemoryRecordStore({ what: 'records', recordCountMax }),
);
