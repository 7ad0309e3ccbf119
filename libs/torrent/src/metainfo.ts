/** v2: BEP 52. v1: BEP 3. hybrid: both in one file, with one list of files. */
export type TorrentFormat = 'v1' | 'v2' | 'hybrid';

/** One file, link or (v1 only) run of padding of the content. */
export interface ContentFile {
  /**
   * Names from the content's root down: `['sub', 'x.bin']` lies at `<name>/sub/x.bin` when the content is a directory.
   * A single file is `[name]`. Checked: safe to join to a folder.
   */
  readonly path: readonly string[];
  /** 0 to 2^53 - 1; 0 for a link. */
  readonly sizeBytes: number;
  readonly isExecutable: boolean;
  /**
   * Present for a symbolic link: what it says, relative to the folder the link is in, so `symlinkTarget.join('/')` is
   * the text of the link. May begin with `..`; never leaves the content, never passes through another link.
   */
  readonly symlinkTarget?: readonly string[];
  /** 32 bytes, in v2 and hybrid, of a file that is not empty. */
  readonly piecesRoot?: Buffer;
  /** Zeros of a v1 torrent that no disk needs (BEP 47). Never true in v2 and hybrid. */
  readonly isPadding: boolean;
}

/** A torrent file that was read and checked. All of it is safe to use; nothing in it may be changed. */
export interface Metainfo {
  readonly format: TorrentFormat;
  /** The name of the file or directory that is shared; one path component. */
  readonly name: string;
  readonly isDirectory: boolean;
  /** v2 and hybrid: a power of two from 16 KiB. v1: any number from 1 KiB. */
  readonly chunkSizeBytes: number;
  /** In content order; padding only in v1. */
  readonly files: readonly ContentFile[];
  /** Directories with nothing in them, as paths like those of files. See `PanalExtension`. */
  readonly emptyDirectories: readonly (readonly string[])[];
  /** Sum of the files, padding included where it is in `files`. */
  readonly sizeBytes: number;
  /** 20 bytes, in v1 and hybrid. */
  readonly infoHashV1?: Buffer;
  /** 32 bytes, in v2 and hybrid. */
  readonly infoHashV2?: Buffer;
  /** `infoHashV2` where there is one, else `infoHashV1`. */
  readonly contentId: Buffer;
  /**
   * The hash of each chunk, end to end: 32 bytes each in v2 and hybrid (root of the chunk's subtree, or of the file when
   * it fits one chunk), 20 (SHA-1) in v1.
   */
  readonly chunkHashes: Buffer;
  /** The whole torrent file, as read. */
  readonly bytes: Buffer;
  readonly comment?: string;
  readonly createdBy?: string;
  /** Tracker addresses, each once, in order of preference; as found, unchecked. */
  readonly trackers: readonly string[];
}

/** A file as `createTorrent` wants it: hashed by `FileHasher`, `PieceHasher` or both. */
export interface HashedFile {
  readonly path: readonly string[];
  /** 0 for a link. */
  readonly sizeBytes: number;
  readonly isExecutable: boolean;
  /** The link's text split at `/`; see `ContentFile.symlinkTarget`. */
  readonly symlinkTarget?: readonly string[];
  /** Of `FileHasher.finish()`; needed in v2 and hybrid unless the file is empty or a link. */
  readonly piecesRoot?: Buffer;
  readonly layer?: Buffer;
}
