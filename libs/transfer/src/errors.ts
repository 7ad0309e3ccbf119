import { PanalError } from '@panal/runtime';

/** A condition that ends by itself or by what the user does; the download waits and goes on. */
abstract class TransferCondition extends PanalError {
  constructor(code: string, message: string, action: string, cause?: unknown) {
    super({ code, message, action, retryable: true, cause });
  }
}

/** No space, or no quota, for what arrives. */
export class DiskFullError extends TransferCondition {
  constructor(cause: unknown) {
    super(
      'disk_full',
      'The disk is full.',
      'Free some space or raise the quota; the download goes on by itself.',
      cause,
    );
  }
}

/** The file system takes no writes. */
export class TargetReadOnlyError extends TransferCondition {
  constructor(cause: unknown) {
    super(
      'target_read_only',
      'The file system of the target is read-only.',
      'Mount it for writing; the download goes on by itself. Or stop it and download to another directory.',
      cause,
    );
  }
}

/** The process may not write there. */
export class PermissionDeniedError extends TransferCondition {
  constructor(cause: unknown) {
    super(
      'permission_denied',
      'The target may not be written by the user Panal runs as.',
      'Give that user the right to write to the target directory; the download goes on by itself.',
      cause,
    );
  }
}

/** The disk failed, or the directory vanished. */
export class DiskError extends TransferCondition {
  constructor(code: string, cause: unknown) {
    super(
      'disk_error',
      `The disk of the target reports ${code}.`,
      'Check that the directory is there and the disk is sound; the download tries again by itself.',
      cause,
    );
  }
}

/** Nobody who can be reached has what is missing. */
export class NoSourceError extends TransferCondition {
  constructor() {
    super(
      'no_source',
      'No peer that can be reached has what is missing.',
      'Start a peer that shares it; the download goes on by itself.',
    );
  }
}

/** There are sources, but all of them are left alone for now. */
export class SourcesAvoidedError extends TransferCondition {
  constructor(name: string, reason: string | undefined, seconds: number) {
    super(
      'sources_avoided',
      `Every source is left alone for now; ${name}, because ${reason ?? 'it failed'}, for ${seconds} s.`,
      'Wait, or start another peer that shares it; the download goes on by itself.',
    );
  }
}

/** What was read back is not what was written: the disk, or somebody who writes to it. */
export class RereadError extends PanalError {
  constructor(chunkCount: number) {
    super({
      code: 'reread_mismatch',
      message: `${chunkCount} chunks read back from the disk are not what was written.`,
      action:
        'Check the disk and that nothing else writes to the target; start the download again: it fetches only those chunks.',
      retryable: false,
    });
  }
}
