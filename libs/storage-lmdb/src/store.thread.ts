import { parentPort, workerData } from 'node:worker_threads';
import type { StoreAnswer, StoreRequest } from './store-thread.js';
import { Stores, type StoresOptions } from './stores.js';

// The other side of `StoreThread`: does one request after the other.
const stores = new Stores(workerData as StoresOptions);
let last: Promise<unknown> = Promise.resolve();

parentPort?.on('message', (request: StoreRequest) => {
  last = last.then(async () => parentPort?.postMessage((await perform(request)) satisfies StoreAnswer));
});

async function perform(request: StoreRequest): Promise<StoreAnswer> {
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
