import { bytesOf, KIB } from '../test/made-torrent.js';
import { sha1 } from './content-id.js';
import { PieceHasher } from './piece-hasher.js';

const CHUNK = 16 * KIB;

function piecesOf(...steps: readonly (Buffer | 'pad')[]): Buffer {
  const hasher = new PieceHasher({ chunkSizeBytes: CHUNK });
  for (const step of steps) {
    if (step === 'pad') hasher.pad();
    else hasher.push(step);
  }
  return hasher.finish();
}

describe('PieceHasher', () => {
  const content = bytesOf(1, 2 * CHUNK + 100);
  const expected = Buffer.concat([0, 1, 2].map((chunk) => sha1(content.subarray(chunk * CHUNK, (chunk + 1) * CHUNK))));

  it('hashes each chunk of the bytes end to end, however they are cut', () => {
    expect(piecesOf(content)).toEqual(expected);
    expect(piecesOf(content.subarray(0, 5), content.subarray(5, CHUNK + 5), content.subarray(CHUNK + 5))).toEqual(
      expected,
    );
  });

  it('counts zeros up to the border after each file when asked to', () => {
    const file = bytesOf(2, 10);
    const padded = Buffer.concat([file, Buffer.alloc(CHUNK - 10)]);
    expect(piecesOf(file, 'pad', file, 'pad')).toEqual(Buffer.concat([sha1(padded), sha1(padded)]));
  });

  it('adds no zeros at a border', () => {
    const whole = bytesOf(3, CHUNK);
    expect(piecesOf('pad', whole, 'pad', 'pad')).toEqual(sha1(whole));
  });

  it('has no chunk of nothing', () => {
    expect(piecesOf()).toEqual(Buffer.alloc(0));
  });
});
