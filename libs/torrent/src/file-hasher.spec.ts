import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { bytesOf, KIB } from '../test/made-torrent.js';
import { ContentSizeError } from './errors.js';
import { FileHasher, merkleRootOfLayer } from './file-hasher.js';

const LEAF = 16 * KIB;

/** BEP 52 as it reads, with every missing leaf hashed: slow, and nothing in common with the code under test. */
function slowRoot(content: Buffer, width: number): Buffer {
  let row = Array.from({ length: width }, (_, leaf) => {
    const bytes = content.subarray(leaf * LEAF, (leaf + 1) * LEAF);
    return bytes.length === 0 ? Buffer.alloc(32) : createHash('sha256').update(bytes).digest();
  });
  while (row.length > 1) {
    row = Array.from({ length: row.length / 2 }, (_, at) =>
      createHash('sha256')
        .update(row[2 * at] as Buffer)
        .update(row[2 * at + 1] as Buffer)
        .digest(),
    );
  }
  return row[0] as Buffer;
}

function slowWidth(content: Buffer): number {
  let width = 1;
  while (width * LEAF < content.length) width *= 2;
  return width;
}

function hashFile(content: Buffer, chunkSizeBytes: number, portion = content.length) {
  const hasher = new FileHasher({ sizeBytes: content.length, chunkSizeBytes });
  for (let at = 0; at < content.length; at += portion) hasher.push(content.subarray(at, at + portion));
  return hasher.finish();
}

describe('FileHasher', () => {
  const sizes = [
    1,
    LEAF - 1,
    LEAF,
    LEAF + 1,
    2 * LEAF,
    3 * LEAF + 5,
    4 * LEAF,
    4 * LEAF + 1,
    7 * LEAF,
    8 * LEAF,
    9 * LEAF - 1,
  ];

  it.each(sizes)('gives %d bytes the root and layer of BEP 52, whatever the chunk size', (sizeBytes) => {
    const content = bytesOf(sizeBytes, sizeBytes);
    for (const chunkSizeBytes of [LEAF, 2 * LEAF, 4 * LEAF, 16 * LEAF]) {
      const { piecesRoot, layer } = hashFile(content, chunkSizeBytes);
      expect(piecesRoot).toEqual(slowRoot(content, slowWidth(content)));
      const chunks: Buffer[] = [];
      for (let at = 0; sizeBytes > chunkSizeBytes && at < sizeBytes; at += chunkSizeBytes) {
        chunks.push(slowRoot(content.subarray(at, at + chunkSizeBytes), chunkSizeBytes / LEAF));
      }
      expect(layer).toEqual(Buffer.concat(chunks));
    }
  });

  it('gives an empty file neither root nor layer', () => {
    expect(hashFile(Buffer.alloc(0), LEAF)).toEqual({ piecesRoot: undefined, layer: Buffer.alloc(0) });
  });

  it('does not care how the bytes are cut', () => {
    const content = bytesOf(7, 9 * LEAF + 77);
    const whole = hashFile(content, 2 * LEAF);
    const cuts = fc.array(fc.nat({ max: content.length }), { maxLength: 12 });
    fc.assert(
      fc.property(cuts, (at) => {
        const hasher = new FileHasher({ sizeBytes: content.length, chunkSizeBytes: 2 * LEAF });
        const borders = [0, ...at.sort((a, b) => a - b), content.length];
        for (const [index, start] of borders.slice(0, -1).entries())
          hasher.push(content.subarray(start, borders[index + 1]));
        expect(hasher.finish()).toEqual(whole);
      }),
      { numRuns: 30 },
    );
  });

  it('notices a file that grew or shrank while it was read', () => {
    const grown = new FileHasher({ sizeBytes: 10, chunkSizeBytes: LEAF });
    expect(() => grown.push(Buffer.alloc(11))).toThrow(ContentSizeError);
    const shrunk = new FileHasher({ sizeBytes: 10, chunkSizeBytes: LEAF });
    shrunk.push(Buffer.alloc(9));
    expect(() => shrunk.finish()).toThrow(ContentSizeError);
  });
});

describe('merkleRootOfLayer', () => {
  it('gives the root of the file, and leaves the layer as it was', () => {
    const { piecesRoot, layer } = hashFile(bytesOf(3, 11 * LEAF), 2 * LEAF);
    const before = Buffer.from(layer);
    expect(merkleRootOfLayer(layer, 2)).toEqual(piecesRoot);
    expect(layer).toEqual(before);
  });
});
