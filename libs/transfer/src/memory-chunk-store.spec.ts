import { Bitfield } from '@panal/torrent';
import { chunkStoreSuite } from './chunk-store.suite.js';
import { MemoryChunkStore } from './memory-chunk-store.js';

const layout = {
  chunkCount: 5,
  blockSizeBytes: 4096,
  contentSizeBytes: 4 * 16384 + 1000,
  chunkSize: (chunk: number) => (chunk === 4 ? 1000 : 16384),
  chunkStart: (chunk: number) => chunk * 16384,
};

chunkStoreSuite('MemoryChunkStore', async () => {
  const store = new MemoryChunkStore(layout.contentSizeBytes, layout.chunkCount);
  return {
    layout,
    open: async () => {
      store.reopen();
      return { store, done: store.journal };
    },
    finishedContent: async () => store.content,
    destroy: async () => undefined,
  };
});

describe('MemoryChunkStore', () => {
  it('forgets in a crash what was not synced', async () => {
    const store = new MemoryChunkStore(8, 2);
    await store.write(0, Buffer.of(1, 2, 3, 4));
    await store.commit(Bitfield.fromBytes(Buffer.of(0x80), 2));
    await store.write(4, Buffer.of(5, 6, 7, 8));
    store.crash();
    expect([...store.content]).toEqual([1, 2, 3, 4, 0, 0, 0, 0]);
    expect([...store.journal]).toEqual([0]);
  });

  it('fails on demand, and heals', async () => {
    const store = new MemoryChunkStore(8, 2);
    store.fail('write', 'ENOSPC');
    await expect(store.write(0, Buffer.of(1))).rejects.toMatchObject({ code: 'ENOSPC' });
    store.fail('write', undefined);
    await expect(store.write(0, Buffer.of(1))).resolves.toBeUndefined();
  });
});
