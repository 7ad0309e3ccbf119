export { decodeBencode } from './bencode-decoder.js';
export { BencodeDictionary, type BencodeValue } from './bencode-dictionary.js';
export { encodeBencode } from './bencode-encoder.js';
export { Bitfield } from './bitfield.js';
export { chunkSizeFor } from './chunk-size.js';
export { type ChunkVerifier, createChunkVerifier, type RootOf, type VerifiableContent } from './chunk-verifier.js';
export { type ContentId, formatContentId, parseContentId } from './content-id.js';
export {
  BencodeError,
  type BencodeFault,
  ContentIdError,
  ContentSizeError,
  MagnetError,
  MetainfoError,
  type MetainfoFault,
  PathError,
  type PathFault,
  quote,
  TorrentError,
} from './errors.js';
export { type FileDigest, FileHasher, type FileHasherOptions, merkleRootOfLayer } from './file-hasher.js';
export { padsFiles } from './file-list.js';
export { type ChunkedContent, ChunkGeometry, type FileSegment } from './geometry.js';
export {
  BLOCK_SIZE_MAX,
  CHUNK_COUNT_MAX,
  CHUNK_SIZE_MADE_MAX,
  CHUNK_SIZE_MAX,
  CHUNK_SIZE_MIN,
  DIRECTORY_COUNT_MAX,
  FILE_COUNT_MAX,
  LEAF_SIZE_BYTES,
  TORRENT_SIZE_MAX,
} from './limits.js';
export { formatMagnet, type MagnetLink, parseMagnet } from './magnet.js';
export { merkleRootOf, merkleRootOfNodes, nextPowerOfTwo } from './merkle.js';
export type { ContentFile, HashedFile, Metainfo, TorrentFormat } from './metainfo.js';
export { checkPath, comparePaths } from './path-rules.js';
export { PieceHasher } from './piece-hasher.js';
export { parseTorrent } from './torrent-parser.js';
export { checkTorrent, createTorrent, type TorrentOptions } from './torrent-writer.js';
