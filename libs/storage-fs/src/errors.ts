import { PanalError } from '@panal/runtime';

/** Why an entry of a shared folder cannot become part of a torrent. */
export type EntryProblem =
  | 'name_not_utf8'
  | 'link_leaves_tree'
  | 'link_through_link'
  | 'link_to_parent'
  | 'device'
  | 'socket'
  | 'fifo'
  | 'too_many_entries'
  | 'too_deep'
  | 'no_name'
  | 'no_files';

/** A file or folder cannot be shared as it is. `path` is absolute; bytes that are no UTF-8 are written as `\xNN`. */
export class ContentUnsuitableError extends PanalError {
  constructor(
    readonly path: string,
    readonly problem: EntryProblem,
    why: string,
    action: string,
  ) {
    super({ code: 'content_unsuitable', message: `${path} cannot be shared: ${why}.`, action, retryable: false });
  }
}

/** There is nothing at the path that was to be shared, verified or served. */
export class ContentMissingError extends PanalError {
  constructor(
    readonly path: string,
    cause?: unknown,
  ) {
    super({
      code: 'content_missing',
      message: `${path} does not exist.`,
      action: 'Check the path, and that the disk it is on is mounted.',
      retryable: false,
      cause,
    });
  }
}

/** Content that exists and cannot be read. `cause` is the error of the system. */
export class ContentUnreadableError extends PanalError {
  constructor(
    readonly path: string,
    cause: unknown,
  ) {
    super({
      code: 'content_unreadable',
      message: `${path} cannot be read (${systemCodeOf(cause) ?? 'unknown error'}).`,
      action: 'Give the user that runs Panal the right to read it, or check the disk.',
      retryable: true,
      cause,
    });
  }
}

/** A file is no longer what was hashed: sharing it on would hand out bytes that fail verification. */
export class ContentChangedError extends PanalError {
  constructor(
    readonly path: string,
    readonly change: string,
  ) {
    super({
      code: 'content_changed',
      message: `${path} changed: ${change}.`,
      action: 'Share it again when nothing writes to it any more; a changed file is a different torrent.',
      retryable: false,
    });
  }
}

/** Something else already has the name of the download. */
export class TargetExistsError extends PanalError {
  constructor(readonly path: string) {
    super({
      code: 'target_exists',
      message: `${path} exists already and is something else.`,
      action: 'Choose another directory or another name with --as, or replace it with --force.',
      retryable: false,
    });
  }
}

/** The folder a download goes to cannot be made or written to. `cause` is the error of the system. */
export class TargetUnwritableError extends PanalError {
  constructor(
    readonly path: string,
    cause: unknown,
  ) {
    super({
      code: 'target_unwritable',
      message: `${path} cannot be written to (${systemCodeOf(cause) ?? 'unknown error'}).`,
      action: 'Choose a directory the user that runs Panal may write to, or give it that right.',
      retryable: true,
      cause,
    });
  }
}

/** A name or path of the content does not fit this system. */
export class TargetNameError extends PanalError {
  constructor(
    readonly path: string,
    why: string,
  ) {
    super({
      code: 'target_name_invalid',
      message: `${path} cannot be created here: ${why}.`,
      action: 'Download it into a directory with a shorter path, or under another name with --as.',
      retryable: false,
    });
  }
}

/** Another download works in the same staging folder. */
export class StagingLockedError extends PanalError {
  constructor(
    readonly path: string,
    readonly pid: number,
  ) {
    super({
      code: 'staging_locked',
      message: `${path} is in use by process ${pid}, which downloads the same content to the same place.`,
      action: `Wait for that download, or end process ${pid}.`,
      retryable: true,
    });
  }
}

/** Staging holds something no download put there, such as a link where a folder belongs. */
export class StagingUnsafeError extends PanalError {
  constructor(
    readonly path: string,
    why: string,
  ) {
    super({
      code: 'staging_unsafe',
      message: `${path} is not as Panal left it: ${why}.`,
      action: 'Someone else changed the staging folder. Look at it, remove it, and start the download again.',
      retryable: false,
    });
  }
}

/**
 * The disk failed to keep what it had accepted. The system drops such pages and says so only once, so nothing written
 * since the last commit may be trusted: the store refuses to go on, and opening it again continues from the journal.
 */
export class SyncFailedError extends PanalError {
  constructor(
    readonly path: string,
    cause: unknown,
  ) {
    super({
      code: 'sync_failed',
      message: `The disk did not keep what was written to ${path} (${systemCodeOf(cause) ?? 'unknown error'}).`,
      action:
        'Check the disk and its free space, then start the download again: what was written last is fetched again.',
      retryable: false,
      cause,
    });
  }
}

/** A store was used after `close`, `finish` or `discard`. */
export class StoreClosedError extends PanalError {
  constructor(readonly path: string) {
    super({
      code: 'store_closed',
      message: `The store of ${path} is closed.`,
      action: 'Open the download again.',
      retryable: false,
    });
  }
}

/** The code of a system error (`ENOSPC`, `EACCES`, ...), whichever realm the error is from. */
export function systemCodeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
