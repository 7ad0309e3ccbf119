import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ChunkGeometry } from '@panal/torrent';
import { chunkStoreSuite } from '@panal/transfer';
import { FileChunkStore } from './file-chunk-store.js';
import { contentBytes, makeFolder, makeTree, randomBytes } from './sample-content.fixture.js';
import { shareContent } from './share-content.js';

for (const format of ['v1', 'v2'] as const) {
  chunkStoreSuite(`FileChunkStore (${format})`, async () => {
    const folder = await makeFolder();
    const source = join(folder, 'source');
    await makeTree(source, {
      a: randomBytes(16_384),
      'b-empty': Buffer.alloc(0),
      'b/c': randomBytes(100_000),
      d: randomBytes(5),
      e: { link: 'd' },
    });
    const { metainfo } = await shareContent({ path: source, format, chunkSizeBytes: 16_384 });
    const directory = join(folder, 'target');
    return {
      layout: new ChunkGeometry(metainfo),
      open: () => FileChunkStore.open({ metainfo, directory, handleCountMax: 2 }),
      finishedContent: () => contentBytes(metainfo, join(directory, 'source')),
      destroy: () => rm(folder, { recursive: true, force: true }),
    };
  });
}
