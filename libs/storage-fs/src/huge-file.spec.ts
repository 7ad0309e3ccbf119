import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  Bitfield,
  ChunkGeometry,
  chunkSizeFor,
  createChunkVerifier,
  createTorrent,
  type Metainfo,
  merkleRootOf,
  merkleRootOfLayer,
} from '@panal/torrent';
import { FileChunkStore } from './file-chunk-store.js';
import { makeFolder, removeFolders } from './sample-content.fixture.js';

const GIB = 1024 ** 3;
const SIZE = 100 * GIB + 12_345;

afterEach(removeFolders);

/** One file of zeros, whose torrent is made from the hash of one chunk: nobody hashes 100 GiB in a test. */
function hugeTorrent(): Metainfo {
  const chunkSizeBytes = chunkSizeFor(SIZE);
  const leaves = chunkSizeBytes / 16_384;
  const chunkCount = Math.ceil(SIZE / chunkSizeBytes);
  const hash = merkleRootOf(Buffer.alloc(chunkSizeBytes), leaves);
  const lastHash = merkleRootOf(Buffer.alloc(SIZE - (chunkCount - 1) * chunkSizeBytes), leaves);
  const layer = Buffer.concat([...Array.from({ length: chunkCount - 1 }, () => hash), lastHash]);
  const piecesRoot = merkleRootOfLayer(layer, leaves);
  const file = { path: ['huge'], sizeBytes: SIZE, isExecutable: false, piecesRoot, layer };
  return createTorrent({ name: 'huge', isDirectory: false, chunkSizeBytes, format: 'v2', files: [file] });
}

describe('a file of 100 GiB', () => {
  const metainfo = hugeTorrent();
  const geometry = new ChunkGeometry(metainfo);
  const lastChunk = geometry.chunkCount - 1;

  it('has a few thousand chunks, of which the last is short, and a small torrent file', () => {
    expect(geometry.chunkCount).toBe(Math.ceil(SIZE / metainfo.chunkSizeBytes));
    expect(geometry.chunkCount).toBeLessThan(10_000);
    expect(geometry.chunkStart(lastChunk) + geometry.chunkSize(lastChunk)).toBe(SIZE);
    expect(geometry.chunkAt(SIZE - 1)).toBe(lastChunk);
    expect(metainfo.bytes.length).toBeLessThan(1024 * 1024);
  });

  it.each([
    ['first', 0],
    ['one beyond 32 bits', geometry.chunkAt(2 ** 33)],
    ['last', lastChunk],
  ])('has its %s chunk checked like any other', async (_what, chunk) => {
    for (const byte of [0, 1]) {
      const bytes = Buffer.alloc(geometry.chunkSize(chunk));
      bytes[bytes.length - 1] = byte;
      const verifier = createChunkVerifier(metainfo, geometry, chunk);
      for (let begin = 0; begin < bytes.length; begin += geometry.blockSizeBytes) {
        await verifier.addBlock(begin, bytes.subarray(begin, begin + geometry.blockSizeBytes));
      }
      expect(verifier.isValid()).toBe(byte === 0);
    }
  });

  it('is written where it belongs, beyond 32 bits too, takes room for what came alone, and is resumed', async () => {
    const directory = await makeFolder();
    const { store, done } = await FileChunkStore.open({ metainfo, directory });
    expect(done.count).toBe(0);
    const chunks = [0, geometry.chunkAt(2 ** 32), geometry.chunkAt(50 * GIB), lastChunk];
    const named = new Bitfield(geometry.chunkCount);
    for (const chunk of chunks) {
      await store.write(geometry.chunkStart(chunk), markOf(chunk));
      named.add(chunk);
    }
    await store.commit(named);
    const { size, blocks } = await stat(store.contentPath);
    expect(size).toBe(geometry.chunkStart(lastChunk) + markOf(lastChunk).length);
    expect(blocks * 512).toBeLessThan(16 * 1024 * 1024);
    await store.write(SIZE - 1, Buffer.of(7));
    await store.commit(named);
    await store.close();
    const again = await FileChunkStore.open({ metainfo, directory });
    expect(again.note).toMatchObject({ kind: 'resumed', chunkCount: chunks.length });
    expect([...again.done]).toEqual(chunks);
    for (const chunk of chunks) {
      const bytes = Buffer.alloc(4096);
      await again.store.read(geometry.chunkStart(chunk), bytes);
      expect(bytes.equals(markOf(chunk))).toBe(true);
    }
    await again.store.discard();
  });

  it('is whole at its place, sparse as it was left', async () => {
    const directory = await makeFolder();
    const { store } = await FileChunkStore.open({ metainfo, directory });
    await store.write(0, markOf(0));
    await store.finish();
    const placed = await stat(join(directory, 'huge'));
    expect(placed.size).toBe(SIZE);
    expect(placed.blocks * 512).toBeLessThan(16 * 1024 * 1024);
    await store.close();
  });

  function markOf(chunk: number): Buffer {
    return Buffer.alloc(4096, chunk % 251 || 1);
  }
});
