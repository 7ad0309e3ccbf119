import type { ContentFile, Metainfo } from '@panal/torrent';
import { scanContent } from './content-scan.js';
import { type VerifyOptions, verifyContent } from './content-verification.js';
import { ContentMissingError, ContentUnsuitableError } from './errors.js';

/** What is at a download's target before the download begins. */
export type TargetState = 'absent' | 'identical' | 'different';

/**
 * `identical` means that downloading would change nothing: every byte, mode, link and empty directory is there and
 * nothing besides, unfinished downloads apart. Content is read only when names, sizes and modes agree.
 * @throws ContentUnreadableError when something there is closed to us.
 */
export async function verifyTarget(
  metainfo: Metainfo,
  target: string,
  options: VerifyOptions = {},
): Promise<TargetState> {
  const scanned = await scanContent(target, { signal: options.signal }).catch((error: unknown) => {
    if (error instanceof ContentMissingError) return 'absent' as const;
    // A pipe, a link out of the tree, nothing at all: no content of a torrent has that.
    if (error instanceof ContentUnsuitableError) return 'different' as const;
    throw error;
  });
  if (typeof scanned === 'string') return scanned;
  const { isDirectory } = metainfo;
  const expected = metainfo.files.filter(({ isPadding }) => !isPadding).map((file) => entryText(isDirectory, file));
  const isSameTree =
    isDirectory === scanned.isDirectory &&
    isSameSet(
      expected,
      scanned.files.map((file) => entryText(isDirectory, file)),
    ) &&
    isSameSet(metainfo.emptyDirectories.map(pathText), scanned.emptyDirectories.map(pathText));
  if (!isSameTree) return 'different';
  const { good } = await verifyContent(metainfo, target, options);
  return good.isFull ? 'identical' : 'different';
}

/** The name of a single file is not compared: the user may have chosen another. NUL is in no name and no target. */
function entryText(
  isDirectory: boolean,
  file: Pick<ContentFile, 'path' | 'sizeBytes' | 'isExecutable' | 'symlinkTarget'>,
): string {
  const place = isDirectory ? pathText(file.path) : '';
  return [place, file.sizeBytes, file.isExecutable, file.symlinkTarget?.join('/') ?? ''].join('\0');
}

function pathText(path: readonly string[]): string {
  return path.join('/');
}

function isSameSet(one: readonly string[], other: readonly string[]): boolean {
  const names = new Set(one);
  return one.length === other.length && other.every((text) => names.has(text));
}
