import { PanalError } from '@panal/runtime';

/** Base of everything that can be wrong with a torrent file, a magnet link or a content id. */
export abstract class TorrentError extends PanalError {}

const GET_ANOTHER_COPY =
  'Get the torrent file again from where it came; if it is the same there, its maker must fix it.';

export type BencodeFault =
  | 'truncated'
  | 'trailing_bytes'
  | 'unexpected_byte'
  | 'integer_malformed'
  | 'length_malformed'
  | 'key_not_string'
  | 'keys_unsorted'
  | 'key_duplicate'
  | 'too_deep'
  | 'too_many_values'
  | 'too_large';

/** Bytes that are not canonical bencode. `offset` counts bytes from the start of the input. */
export class BencodeError extends TorrentError {
  constructor(
    readonly reason: BencodeFault,
    readonly offset: number,
    text: string,
  ) {
    super({
      code: 'torrent_bencode_invalid',
      message: `This is not a valid torrent file: ${text}, at byte ${offset}.`,
      action: GET_ANOTHER_COPY,
      retryable: false,
    });
  }
}

export type MetainfoFault =
  | 'missing'
  | 'wrong_type'
  | 'out_of_range'
  | 'not_utf8'
  | 'wrong_length'
  | 'unsupported'
  | 'contradiction'
  | 'layer_missing'
  | 'layer_mismatch'
  | 'hybrid_mismatch'
  | 'too_many_files'
  | 'too_many_directories'
  | 'too_many_chunks'
  | 'too_large'
  | 'unsorted';

/** Well-formed bencode that is no acceptable torrent. `field` is the key it is about, with its path. */
export class MetainfoError extends TorrentError {
  constructor(
    readonly reason: MetainfoFault,
    readonly field: string,
    text: string,
  ) {
    super({
      code: 'torrent_field_invalid',
      message: `The torrent cannot be used: ${field} ${text}.`,
      action: GET_ANOTHER_COPY,
      retryable: false,
    });
  }
}

export type PathFault =
  | 'empty'
  | 'dot'
  | 'dot_dot'
  | 'absolute'
  | 'separator'
  | 'nul'
  | 'not_unicode'
  | 'drive'
  | 'reserved'
  | 'device'
  | 'component_too_long'
  | 'too_long'
  | 'too_deep'
  | 'duplicate'
  | 'case_collision'
  | 'file_and_directory'
  | 'link_outside'
  | 'link_through_link'
  | 'link_loop';

/** A path that must not be written to a disk, or that some file system cannot hold. */
export class PathError extends TorrentError {
  constructor(
    readonly reason: PathFault,
    readonly path: readonly string[],
    text: string,
  ) {
    super({
      code: 'torrent_path_invalid',
      message: `The path ${quotePath(path)} cannot be shared or stored: ${text}.`,
      action:
        'Rename or leave out that file, and make the torrent again; a torrent of others must be fixed by its maker.',
      retryable: false,
    });
  }
}

/** A file that did not have the size it was hashed for: it changed meanwhile. */
export class ContentSizeError extends TorrentError {
  constructor(
    readonly expectedSizeBytes: number,
    readonly actualSizeBytes: number,
  ) {
    super({
      code: 'content_size_changed',
      message: `The file changed while it was hashed: it had ${expectedSizeBytes} bytes at first, and ${actualSizeBytes} were read.`,
      action: 'Wait until nothing writes to the file, then share it again.',
      retryable: true,
    });
  }
}

/** Text that is no magnet link, or one that names no content. */
export class MagnetError extends TorrentError {
  constructor(text: string) {
    super({
      code: 'magnet_invalid',
      message: `This magnet link cannot be used: ${text}.`,
      action: 'Copy the whole link, from "magnet:?" to its end.',
      retryable: false,
    });
  }
}

/** Text that is no content id. */
export class ContentIdError extends TorrentError {
  constructor(text: string) {
    super({
      code: 'content_id_invalid',
      message: `${quote(text)} is not a content id.`,
      action: 'Write the 64 hexadecimal digits (40 for an old v1 torrent) that "panal share" printed.',
      retryable: false,
    });
  }
}

const QUOTED_LENGTH_MAX = 300;

/** Hostile text, safe to print: quoted, control and bidirectional characters escaped, cut when long. */
export function quote(text: string): string {
  const cut = text.length > QUOTED_LENGTH_MAX ? `${text.slice(0, QUOTED_LENGTH_MAX)}...` : text;
  return JSON.stringify(cut).replace(
    /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function quotePath(path: readonly string[]): string {
  return quote(path.join('/'));
}
