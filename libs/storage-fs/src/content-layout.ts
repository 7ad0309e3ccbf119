import { join } from 'node:path';
import type { ContentFile, Metainfo } from '@panal/torrent';
import { TargetNameError } from './errors.js';
import { NAME_SIZE_BYTES_MAX, PATH_SIZE_BYTES_MAX } from './limits.js';
import type { StagingPaths } from './staging-names.js';

/** Where a file of the content lies when the content (file or directory) is at `contentPath`. */
export function contentFilePath(metainfo: Metainfo, contentPath: string, file: ContentFile): string {
  return metainfo.isDirectory ? join(contentPath, ...file.path) : contentPath;
}

/**
 * Refuses before the first byte what this disk could not hold at the last: names and paths too long for the system.
 * The torrent's own names were checked when it was read; `targetName` is the user's.
 * @throws TargetNameError
 */
export function checkLayout(metainfo: Metainfo, targetName: string, { target, data }: StagingPaths): void {
  if (targetName === '' || targetName === '.' || targetName === '..' || /[/\0]/.test(targetName)) {
    throw new TargetNameError(target, `"${targetName}" is not the name of one file or directory`);
  }
  for (const name of [targetName, ...metainfo.files.flatMap(({ path }) => path)]) {
    if (Buffer.byteLength(name) > NAME_SIZE_BYTES_MAX) {
      throw new TargetNameError(target, `the name ${name.slice(0, 40)}... has more than ${NAME_SIZE_BYTES_MAX} bytes`);
    }
  }
  for (const file of metainfo.files) {
    // Staging is the longer of the two places.
    const path = contentFilePath(metainfo, data, file);
    if (Buffer.byteLength(path) > PATH_SIZE_BYTES_MAX) {
      throw new TargetNameError(path, `the path has more than ${PATH_SIZE_BYTES_MAX} bytes`);
    }
  }
}
