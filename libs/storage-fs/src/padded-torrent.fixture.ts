import { BencodeDictionary, encodeBencode, type Metainfo, PieceHasher, parseTorrent } from '@panal/torrent';
import { randomBytes } from './sample-content.fixture.js';

/**
 * A v1 torrent of a directory as other programs make it, with padding between its files (BEP 47). File number n holds
 * `randomBytes(sizeBytes, n + 1)`.
 */
export function paddedTorrent(options: {
  names: readonly string[];
  sizeBytes: number;
  chunkSizeBytes: number;
}): Metainfo {
  const { names, sizeBytes, chunkSizeBytes } = options;
  const hasher = new PieceHasher({ chunkSizeBytes });
  const files: BencodeDictionary[] = [];
  for (const [index, name] of names.entries()) {
    hasher.push(randomBytes(sizeBytes, index + 1));
    files.push(entry(sizeBytes, [name]));
    if (index === names.length - 1) break;
    const padding = chunkSizeBytes - (sizeBytes % chunkSizeBytes);
    hasher.push(Buffer.alloc(padding));
    files.push(entry(padding, ['.pad', String(padding)], 'p'));
  }
  const info = BencodeDictionary.of([
    ['files', files],
    ['name', Buffer.from('padded')],
    ['piece length', chunkSizeBytes],
    ['pieces', hasher.finish()],
  ]);
  return parseTorrent(encodeBencode(BencodeDictionary.of([['info', info]])));
}

function entry(sizeBytes: number, path: readonly string[], attr?: string): BencodeDictionary {
  return BencodeDictionary.of([
    ['length', sizeBytes],
    ['path', path.map((name) => Buffer.from(name))],
    ['attr', attr === undefined ? undefined : Buffer.from(attr)],
  ]);
}
