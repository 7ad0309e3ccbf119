import fc from 'fast-check';
import { bytesOf, chunksOf, contentBytes, KIB, type MadeContent, makeTorrent } from '../test/made-torrent.js';
import { createChunkVerifier } from './chunk-verifier.js';
import { ChunkGeometry } from './geometry.js';
import type { Metainfo } from './metainfo.js';

const LEAF = 16 * KIB;
const CHUNK = 8 * LEAF;

/** Files of one chunk and several, with last chunks of every shape. */
const content: MadeContent = {
  tiny: bytesOf(1, 1),
  leaf: bytesOf(2, LEAF),
  'three-leaves': bytesOf(3, 3 * LEAF),
  'one-chunk': bytesOf(4, CHUNK),
  'chunk-and-byte': bytesOf(5, CHUNK + 1),
  'chunks-and-leaves': bytesOf(6, 2 * CHUNK + 3 * LEAF + 7),
  empty: Buffer.alloc(0),
};
const bytes = contentBytes(content);
const torrents = (['v1', 'v2', 'hybrid'] as const).map((format) =>
  makeTorrent(content, { format, chunkSizeBytes: CHUNK }),
);

interface Block {
  readonly begin: number;
  readonly bytes: Buffer;
}

function blocksOf(chunk: Buffer, blockSizeBytes: number): Block[] {
  return Array.from({ length: Math.ceil(chunk.length / blockSizeBytes) }, (_, index) => ({
    begin: index * blockSizeBytes,
    bytes: chunk.subarray(index * blockSizeBytes, (index + 1) * blockSizeBytes),
  }));
}

function verify(metainfo: Metainfo, chunk: number, blocks: readonly Block[]): boolean {
  const verifier = createChunkVerifier(metainfo, new ChunkGeometry(metainfo), chunk);
  for (const block of blocks) void verifier.addBlock(block.begin, block.bytes);
  return verifier.isValid();
}

describe.each(torrents)('createChunkVerifier for $format', (metainfo) => {
  const chunks = chunksOf(metainfo, bytes);

  it('accepts every chunk, in blocks of every size', () => {
    for (const [chunk, chunkBytes] of chunks.entries()) {
      for (const blockSizeBytes of [LEAF, 2 * LEAF, 4 * LEAF, CHUNK]) {
        expect(verify(metainfo, chunk, blocksOf(chunkBytes, blockSizeBytes))).toBe(true);
      }
    }
  });

  it('accepts blocks in any order, refuses them with one bit changed', () => {
    const blocks = chunks.map((chunkBytes) => blocksOf(chunkBytes, LEAF));
    const largest = Math.max(...blocks.map(({ length }) => length));
    const order = fc.shuffledSubarray([...Array(largest).keys()], { minLength: largest });
    fc.assert(
      fc.property(fc.nat({ max: chunks.length - 1 }), order, fc.nat(), (chunk, positions, at) => {
        const shuffled = positions.flatMap((position) => blocks[chunk]?.[position] ?? []);
        expect(verify(metainfo, chunk, shuffled)).toBe(true);
        const damaged = shuffled.map((block) => ({ ...block, bytes: Buffer.from(block.bytes) }));
        const { bytes: victim } = damaged[at % damaged.length] as Block;
        victim[at % victim.length] = (victim[at % victim.length] as number) ^ (1 << (at % 8));
        expect(verify(metainfo, chunk, damaged)).toBe(false);
      }),
      { numRuns: 30 },
    );
  });

  it('refuses one chunk in the place of another', () => {
    const whole = [...chunks.keys()].filter((chunk) => chunks[chunk]?.length === CHUNK);
    for (const chunk of whole.slice(1))
      expect(verify(metainfo, chunk, blocksOf(chunks[whole[0] as number] as Buffer, LEAF))).toBe(false);
    expect(whole.length).toBeGreaterThan(1);
  });

  it('calls misuse by its name', () => {
    const chunk = chunks.findIndex(({ length }) => length === CHUNK);
    const [first, second] = blocksOf(chunks[chunk] as Buffer, LEAF) as [Block, Block];
    expect(() => verify(metainfo, chunk, [first])).toThrow(/blocks missing/);
    expect(() => verify(metainfo, chunk, [first, first])).toThrow(/twice/);
    expect(() => verify(metainfo, chunk, [second, second])).toThrow(/twice/);
    expect(() => verify(metainfo, chunk, [{ begin: CHUNK - LEAF, bytes: Buffer.alloc(LEAF + 1) }])).toThrow(
      /not inside/,
    );
    expect(() => verify(metainfo, chunk, [{ begin: -LEAF, bytes: first.bytes }])).toThrow(/not inside/);
    expect(() => verify(metainfo, chunk, [{ begin: 0, bytes: Buffer.alloc(0) }])).toThrow(/not inside/);
    expect(() => verify(metainfo, chunks.length, [])).toThrow(RangeError);
  });
});

describe('createChunkVerifier for v2', () => {
  const v2 = torrents[1] as Metainfo;
  const chunk = chunksOf(v2, bytes).findIndex(({ length }) => length === CHUNK);

  it('refuses blocks that are no subtree', () => {
    expect(() => verify(v2, chunk, [{ begin: LEAF, bytes: Buffer.alloc(2 * LEAF) }])).toThrow(/no subtree/);
    expect(() => verify(v2, chunk, [{ begin: 0, bytes: Buffer.alloc(3 * LEAF) }])).toThrow(/no subtree/);
    expect(() => verify(v2, chunk, [{ begin: 5, bytes: Buffer.alloc(LEAF) }])).toThrow(/no subtree/);
  });

  it('is not fooled by overlapping blocks that add up to the size', () => {
    const overlapping = [
      { begin: 0, bytes: Buffer.alloc(4 * LEAF) },
      { begin: 0, bytes: Buffer.alloc(2 * LEAF) },
      { begin: 2 * LEAF, bytes: Buffer.alloc(2 * LEAF) },
    ];
    expect(() => verify(v2, chunk, overlapping)).toThrow(/blocks missing/);
  });
});

describe('createChunkVerifier for v1', () => {
  it('keeps a copy of a block that came early: the caller reuses its buffer', () => {
    const v1 = torrents[0] as Metainfo;
    const blocks = blocksOf(chunksOf(v1, bytes)[0] as Buffer, LEAF).reverse();
    const geometry = new ChunkGeometry(v1);
    const verifier = createChunkVerifier(v1, geometry, 0);
    const reused = Buffer.alloc(LEAF);
    for (const block of blocks) {
      reused.set(block.bytes);
      void verifier.addBlock(block.begin, reused.subarray(0, block.bytes.length));
    }
    expect(verifier.isValid()).toBe(true);
  });
});
