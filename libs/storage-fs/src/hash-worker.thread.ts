import { parentPort } from 'node:worker_threads';
import { merkleRootOf } from '@panal/torrent';
import type { HashTask } from './hash-worker.js';

// The other side of `HashWorker`: hashes blocks where they lie, in order, and sends their roots back.
parentPort?.on('message', ({ memory, offset, sizeBytes, leafCount }: HashTask) => {
  parentPort?.postMessage(merkleRootOf(new Uint8Array(memory, offset, sizeBytes), leafCount));
});
