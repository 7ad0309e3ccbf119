import { PanalError } from '@panal/runtime';

/** A newer Panal wrote the record folder. Older code must not guess what is in it. */
export class RecordLogNewerError extends PanalError {
  constructor(
    readonly path: string,
    readonly format: number,
    readonly knownFormat: number,
  ) {
    super({
      code: 'record_log_newer',
      message: `${path} has format ${format}; this Panal knows formats up to ${knownFormat}.`,
      action: 'Run the newer Panal that wrote it, or move the folder away: the other trackers have its records.',
      retryable: false,
    });
  }
}

/** The record folder belongs to another tracker or another cluster. Its records must not leak into this one. */
export class RecordLogForeignError extends PanalError {
  constructor(
    readonly path: string,
    readonly what: 'tracker' | 'cluster name' | 'cluster key',
    readonly found: string,
    readonly expected: string,
  ) {
    super({
      code: 'record_log_foreign',
      message: `${path} belongs to another ${what} (${found}, not ${expected}).`,
      action:
        'Check --cluster, --key-file and --data. To have this tracker join with nothing of its own, move the folder away.',
      retryable: false,
    });
  }
}

/** No room on the disk for the records. The log tries again by itself; until then durable writes are not acknowledged. */
export class RecordDiskFullError extends PanalError {
  constructor(
    readonly path: string,
    cause?: unknown,
  ) {
    super({
      code: 'record_disk_full',
      message: `The disk of ${path} is full.`,
      action: 'Make room on it, or raise its quota. The tracker goes on by itself; it need not be started again.',
      retryable: true,
      cause,
    });
  }
}

/** The records may not be written: a read-only disk, or no right to write. */
export class RecordDiskReadOnlyError extends PanalError {
  constructor(
    readonly path: string,
    cause?: unknown,
  ) {
    super({
      code: 'record_disk_read_only',
      message: `${path} cannot be written to.`,
      action:
        'Mount the disk for writing (a disk that fails is often mounted read-only by the system: see its log), or give the user that runs the tracker the right to write there.',
      retryable: true,
      cause,
    });
  }
}

/** The disk, or the store on it, failed in another way. `cause` says which. */
export class RecordDiskError extends PanalError {
  constructor(
    readonly path: string,
    why: string,
    cause?: unknown,
  ) {
    super({
      code: 'record_disk_failed',
      message: `The records in ${path} cannot be written or read: ${why}.`,
      action:
        "Check the disk and the system's log. The tracker tries again by itself, and starts empty if it is given another folder.",
      retryable: true,
      cause,
    });
  }
}

/** The log was used after it was closed. */
export class RecordLogClosedError extends PanalError {
  constructor(readonly path: string) {
    super({
      code: 'record_log_closed',
      message: `The records in ${path} are closed.`,
      action: 'The tracker is ending; send the request to another one.',
      retryable: true,
    });
  }
}
