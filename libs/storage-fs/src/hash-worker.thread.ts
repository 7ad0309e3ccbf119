import { parentPort } from 'node:worker_threads';
import { merkleRootOf } from '@panal/torrent';
import type { HashMemory, HashTask } from './hash-worker.js';

// The other side of `HashWorker`: hashes blocks where they lie, in order, and sends their roots back.
const memories: SharedArrayBuffer[] = [];

parentPort?.on('message', (message: HashMemory | HashTask) => {
  if ('memory' in message) {
    memories[message.memoryId] = message.memory;
    return;
  }
  const { memoryId, offset, sizeBytes, leafCount } = message;
  const block = new Uint8Array(memories[memoryId] as SharedArrayBuffer, offset, sizeBytes);
  parentPort?.postMessage(merkleRootOf(block, leafCount));
});
