import { MemoryReplicaTable } from './memory-replica-table.js';
import { describeReplicaTable } from './replica-table.compliance.js';

describeReplicaTable('MemoryReplicaTable', {
  makeTable: (making) => new MemoryReplicaTable(making),
  makeKey: (index, slot, recordClass) => Buffer.from(`${recordClass} ${slot} ${index}`),
});
