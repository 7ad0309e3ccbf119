import { join } from 'node:path';
import type { ContentFile, Metainfo } from '@panal/torrent';
import { TargetNameError } from './errors.js';
import { NAME_SIZE_BYTES_MAX, PATH_SIZE_BYTES_MAX } from './limits.js';
import { STAGING_PARENT_NAME, type StagingPaths } from './staging-names.js';

/** Where a file of the content lies when the content (file or directory) is at `contentPath`. */
export function contentFilePath(metainfo: Metainfo, contentPath: string, file: ContentFile): string {
  return metainfo.isDirectory ? join(contentPath, ...file.path) : contentPath;
}

/**
 * Refuses before the first byte what this disk could not hold at the last: a name or a path too long for the system.
 * The torrent's own names were checked when it was read; `targetName` is the user's.
 * @throws TargetNameError
 */
export function checkLayout(metainfo: Metainfo, targetName: string, { target, data }: StagingPaths): void {
  const isOneName = targetName !== '' && targetName !== '.' && targetName !== '..' && !/[/\0]/.test(targetName);
  if (!isOneName) throw new TargetNameError(target, `"${targetName}" is not the name of one file or directory`);
  if (targetName.toLowerCase() === STAGING_PARENT_NAME) {
    throw new TargetNameError(target, 'that is the folder unfinished downloads are kept in');
  }
  if (Buffer.byteLength(targetName) > NAME_SIZE_BYTES_MAX) {
    throw new TargetNameError(target, `its name has more than ${NAME_SIZE_BYTES_MAX} bytes`);
  }
  for (const file of metainfo.files) {
    // Staging is the longer of the two places.
    const path = contentFilePath(metainfo, data, file);
    if (Buffer.byteLength(path) > PATH_SIZE_BYTES_MAX) {
      throw new TargetNameError(path, `the path has more than ${PATH_SIZE_BYTES_MAX} bytes`);
    }
  }
}
