import { createHash } from 'node:crypto';
import { join } from 'node:path';

/** The folder beside the targets that holds every unfinished download into that directory. */
export const STAGING_PARENT_NAME = '.panal';

/** Paths of one unfinished download. */
export interface StagingPaths {
  /** Where the target will be. */
  readonly directory: string;
  readonly target: string;
  /** `.panal`, shared with other downloads into the same directory. */
  readonly parent: string;
  readonly staging: string;
  readonly dataFolder: string;
  /** The content as it grows, under the name of the target. */
  readonly data: string;
  readonly journal: string;
  readonly lock: string;
  /** There from before the content goes to its target until all of it is synced there. */
  readonly placed: string;
  /** Where a replaced folder waits for its end, so that a crash in between can be undone. */
  readonly replaced: string;
}

/** The same content may be fetched twice into one directory under two names, so the name is part of the place. */
export function stagingPaths(options: { directory: string; targetName: string; contentId: Uint8Array }): StagingPaths {
  const { directory, targetName, contentId } = options;
  const nameHash = createHash('sha256').update(targetName).digest('hex').slice(0, 8);
  const parent = join(directory, STAGING_PARENT_NAME);
  const staging = join(parent, `${Buffer.from(contentId).toString('hex').slice(0, 16)}-${nameHash}`);
  const dataFolder = join(staging, 'data');
  return {
    directory,
    target: join(directory, targetName),
    parent,
    staging,
    dataFolder,
    data: join(dataFolder, targetName),
    journal: join(staging, 'journal'),
    lock: join(staging, 'lock'),
    placed: join(staging, 'placed'),
    replaced: join(staging, 'replaced'),
  };
}
