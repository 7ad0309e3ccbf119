import { parentPort, workerData } from 'node:worker_threads';
import type { BackupAnswer, StoreAnswer, StoreRequest } from './store-thread.js';
import { Stores, type StoresOptions } from './stores.js';

// The other side of `StoreThread`: does one request after the other, and copies beside them.
const stores = new Stores(workerData as StoresOptions);
let last: Promise<unknown> = Promise.resolve();

parentPort?.on('message', (request: StoreRequest) => {
  if (request.kind === 'backUp') return void backUp(request.folder);
  last = last.then(async () => parentPort?.postMessage((await perform(request)) satisfies StoreAnswer));
});

async function backUp(folder: string): Promise<void> {
  parentPort?.postMessage({ kind: 'backup', result: await stores.backUp(folder) } satisfies BackupAnswer);
}

async function perform(request: Exclude<StoreRequest, { kind: 'backUp' }>): Promise<StoreAnswer> {
  switch (request.kind) {
    case 'commit':
      return stores.commit(Buffer.from(request.bytes.buffer, request.bytes.byteOffset, request.bytes.byteLength));
    case 'sweep':
      return stores.sweep(request.nowMs);
    case 'close':
      await stores.close();
      return { kind: 'committed' };
  }
}
