import fc from 'fast-check';
import { KIB } from '../test/made-torrent.js';
import { type ChunkedContent, ChunkGeometry } from './geometry.js';
import type { TorrentFormat } from './metainfo.js';

function geometryOf(format: TorrentFormat, chunkSizeBytes: number, sizes: readonly number[]): ChunkGeometry {
  const files: ChunkedContent['files'] = sizes.map((sizeBytes, index) => ({
    path: [`f${index}`],
    sizeBytes,
    isExecutable: false,
    isPadding: false,
  }));
  return new ChunkGeometry({ format, chunkSizeBytes, files });
}

const anyGeometry = fc
  .record({
    format: fc.constantFrom<TorrentFormat>('v1', 'v2', 'hybrid'),
    sizes: fc.array(fc.oneof(fc.constant(0), fc.nat({ max: 50 }), fc.constantFrom(8, 16, 24)), { maxLength: 12 }),
  })
  .map(({ format, sizes }) => ({ format, sizes, geometry: geometryOf(format, 8, sizes) }));

describe('ChunkGeometry', () => {
  it('cuts a v2 content at every file, and a v1 content regardless of files', () => {
    const sizes = [0, 20, 0, 0, 5, 8, 0];
    const v2 = geometryOf('v2', 8, sizes);
    expect(v2.chunkCount).toBe(5);
    expect([0, 1, 2, 3, 4].map((chunk) => [v2.chunkStart(chunk), v2.chunkSize(chunk), v2.fileOf(chunk)])).toEqual([
      [0, 8, 1],
      [8, 8, 1],
      [16, 4, 1],
      [20, 5, 4],
      [25, 8, 5],
    ]);
    expect(sizes.map((_, file) => v2.chunksOf(file).count)).toEqual([0, 3, 0, 0, 1, 1, 0]);
    const v1 = geometryOf('v1', 8, sizes);
    expect(v1.chunkCount).toBe(5);
    expect([0, 1, 2, 3, 4].map((chunk) => [v1.chunkStart(chunk), v1.chunkSize(chunk), v1.fileOf(chunk)])).toEqual([
      [0, 8, 1],
      [8, 8, 1],
      [16, 8, 1],
      [24, 8, 4],
      [32, 1, 5],
    ]);
    expect(v1.chunksOf(5)).toEqual({ first: 3, count: 2 });
  });

  it('covers the content with chunks, without gap or overlap', () => {
    fc.assert(
      fc.property(anyGeometry, ({ geometry }) => {
        let at = 0;
        for (let chunk = 0; chunk < geometry.chunkCount; chunk += 1) {
          expect(geometry.chunkStart(chunk)).toBe(at);
          const sizeBytes = geometry.chunkSize(chunk);
          expect(sizeBytes).toBeGreaterThan(0);
          expect(geometry.chunkAt(at)).toBe(chunk);
          expect(geometry.chunkAt(at + sizeBytes - 1)).toBe(chunk);
          at += sizeBytes;
        }
        expect(at).toBe(geometry.contentSizeBytes);
      }),
    );
  });

  it('cuts any range at file borders, in order, and skips empty files', () => {
    const range = fc.tuple(fc.nat(), fc.nat());
    fc.assert(
      fc.property(anyGeometry, range, ({ geometry, sizes }, [from, length]) => {
        const start = from % (geometry.contentSizeBytes + 1);
        const lengthBytes = length % (geometry.contentSizeBytes - start + 1);
        let at = start;
        for (const segment of geometry.segments(start, lengthBytes)) {
          expect(geometry.fileStart(segment.fileIndex) + segment.fileOffset).toBe(at);
          expect(segment.lengthBytes).toBeGreaterThan(0);
          expect(segment.fileOffset + segment.lengthBytes).toBeLessThanOrEqual(sizes[segment.fileIndex] as number);
          at += segment.lengthBytes;
        }
        expect(at).toBe(start + lengthBytes);
      }),
    );
  });

  it('knows the chunks of a file: those that hold its bytes', () => {
    fc.assert(
      fc.property(anyGeometry, ({ geometry, sizes }) => {
        for (const [file, sizeBytes] of sizes.entries()) {
          const { first, count } = geometry.chunksOf(file);
          const start = geometry.fileStart(file);
          const holds = sizeBytes === 0 ? [] : [geometry.chunkAt(start), geometry.chunkAt(start + sizeBytes - 1)];
          expect(count === 0 ? [] : [first, first + count - 1]).toEqual(holds);
        }
      }),
    );
  });

  it('has no chunk when there is no content', () => {
    for (const sizes of [[], [0], [0, 0]]) {
      const geometry = geometryOf('v2', 8, sizes);
      expect([geometry.chunkCount, geometry.contentSizeBytes, geometry.segments(0, 0)]).toEqual([0, 0, []]);
    }
  });

  it('asks for a chunk, or 1 MiB of it, at once', () => {
    expect(geometryOf('v2', 256 * KIB, [1]).blockSizeBytes).toBe(256 * KIB);
    expect(geometryOf('v2', 16 * KIB * KIB, [1]).blockSizeBytes).toBe(KIB * KIB);
  });

  it('holds sizes of petabytes exactly', () => {
    const geometry = geometryOf('v1', 2 ** 27, [2 ** 50 + 1, 3, 2 ** 51]);
    expect(geometry.segments(2 ** 50, 5)).toEqual([
      { fileIndex: 0, fileOffset: 2 ** 50, lengthBytes: 1 },
      { fileIndex: 1, fileOffset: 0, lengthBytes: 3 },
      { fileIndex: 2, fileOffset: 0, lengthBytes: 1 },
    ]);
  });

  it.each([
    ['a chunk before the first', (geometry: ChunkGeometry) => geometry.chunkStart(-1)],
    ['a chunk after the last', (geometry: ChunkGeometry) => geometry.chunkSize(3)],
    ['half a chunk', (geometry: ChunkGeometry) => geometry.chunkStart(0.5)],
    ['an offset before the content', (geometry: ChunkGeometry) => geometry.chunkAt(-1)],
    ['an offset after the content', (geometry: ChunkGeometry) => geometry.chunkAt(20)],
    ['no offset', (geometry: ChunkGeometry) => geometry.fileAt(Number.NaN)],
    ['a range beyond the content', (geometry: ChunkGeometry) => geometry.segments(15, 6)],
    ['a range of negative length', (geometry: ChunkGeometry) => geometry.segments(5, -1)],
    ['a file that is not there', (geometry: ChunkGeometry) => geometry.chunksOf(1)],
  ])('throws for %s', (_, use) => {
    expect(() => use(geometryOf('v2', 8, [20]))).toThrow(RangeError);
  });
});
