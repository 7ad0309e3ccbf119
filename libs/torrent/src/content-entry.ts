import { MetainfoError } from './errors.js';
import { FILE_COUNT_MAX } from './limits.js';

/** A file of a torrent before its path was checked and its link resolved. */
export interface ContentEntry {
  readonly path: readonly string[];
  readonly sizeBytes: number;
  readonly isExecutable: boolean;
  readonly isPadding: boolean;
  /** `symlink path`, as found. */
  readonly symlinkPath?: readonly string[];
  readonly piecesRoot?: Buffer;
}

/** What the letters of `attr` say (BEP 47). Letters we do not know mean nothing. */
export interface FileAttributes {
  readonly isExecutable: boolean;
  readonly isPadding: boolean;
  readonly isLink: boolean;
}

const PLAIN: FileAttributes = { isExecutable: false, isPadding: false, isLink: false };

/** @see https://www.bittorrent.org/beps/bep_0047.html */
export function attributesOf(attr: Buffer | undefined): FileAttributes {
  if (attr === undefined) return PLAIN;
  const isLink = attr.includes('l');
  // libtorrent marks links executable, which is only the mode every link has.
  return { isExecutable: !isLink && attr.includes('x'), isPadding: attr.includes('p'), isLink };
}

export function checkFileCount(count: number, where: string): void {
  if (count > FILE_COUNT_MAX) {
    throw new MetainfoError('too_many_files', where, `has more than ${FILE_COUNT_MAX} files`);
  }
}
