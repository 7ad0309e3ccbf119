import { KIB } from '../test/made-torrent.js';
import { chunkSizeFor } from './chunk-size.js';

const MIB = KIB * KIB;
const GIB = KIB * MIB;

describe('chunkSizeFor', () => {
  it.each([
    [0, 256 * KIB],
    [1, 256 * KIB],
    [256 * MIB, 256 * KIB],
    [256 * MIB + 1, 512 * KIB],
    [GIB, MIB],
    [8 * GIB, 8 * MIB],
    [16 * GIB, 16 * MIB],
    [32 * GIB + 1, 16 * MIB],
    [2 ** 53 - 1, 16 * MIB],
  ])('cuts %d bytes into chunks of %d', (contentSizeBytes, chunkSizeBytes) => {
    expect(chunkSizeFor(contentSizeBytes)).toBe(chunkSizeBytes);
  });
});
