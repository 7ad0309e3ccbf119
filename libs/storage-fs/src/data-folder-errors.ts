import { PanalError } from '@panal/runtime';
import { systemCodeOf } from './errors.js';

/** Two processes want one data folder. */
export class DataFolderLockedError extends PanalError {
  constructor(
    readonly path: string,
    readonly pid: number,
  ) {
    super({
      code: 'data_folder_locked',
      message: `${path} is in use by process ${pid}.`,
      action: `Give this process a folder of its own with --data, or end process ${pid}.`,
      retryable: true,
    });
  }
}

/** A newer Panal wrote the folder. Older code must not guess what is in it. */
export class DataFolderNewerError extends PanalError {
  constructor(
    readonly path: string,
    readonly format: number,
    readonly knownFormat: number,
  ) {
    super({
      code: 'data_folder_newer',
      message: `${path} has format ${format}; this Panal knows formats up to ${knownFormat}.`,
      action: 'Run the newer Panal that wrote it, or start with an empty folder.',
      retryable: false,
    });
  }
}

/** A file of the data folder is not what Panal writes there. */
export class DataFileInvalidError extends PanalError {
  constructor(
    readonly path: string,
    why: string,
    cause?: unknown,
  ) {
    super({
      code: 'data_file_invalid',
      message: `${path} cannot be understood: ${why}.`,
      action: 'Restore it from a backup, or move it away to start without what it held.',
      retryable: false,
      cause,
    });
  }
}

/** The folder cannot be made, read or written. `cause` is the error of the system. */
export class DataFolderUnusableError extends PanalError {
  constructor(
    readonly path: string,
    cause: unknown,
  ) {
    super({
      code: 'data_folder_unusable',
      message: `${path} cannot be used as data folder (${systemCodeOf(cause) ?? 'unknown error'}).`,
      action: 'Give another folder with --data, or give the user that runs Panal the right to write to this one.',
      retryable: true,
      cause,
    });
  }
}

/** No key where one is needed. */
export class ClusterKeyMissingError extends PanalError {
  constructor(readonly path: string) {
    super({
      code: 'cluster_key_missing',
      message: `There is no cluster key at ${path}.`,
      action: 'Copy the key file of the cluster there, name it with --key-file, or make a new cluster with a new key.',
      retryable: false,
    });
  }
}

/** A key is never overwritten: every member that has the old one would be locked out. */
export class ClusterKeyExistsError extends PanalError {
  constructor(readonly path: string) {
    super({
      code: 'cluster_key_exists',
      message: `${path} exists already; a cluster key is never overwritten.`,
      action: 'Use the key that is there, or move it away first.',
      retryable: false,
    });
  }
}

/** The key file is there and cannot be used. The message never shows what is in it. */
export class ClusterKeyUnreadableError extends PanalError {
  constructor(
    readonly path: string,
    why: string,
    cause: unknown,
  ) {
    super({
      code: 'cluster_key_unreadable',
      message: `The cluster key at ${path} cannot be read: ${why}.`,
      action: 'Copy the key file again as it is, readable for the user that runs Panal.',
      retryable: false,
      cause,
    });
  }
}

/** Others than its owner can read the key file, so it is no secret any more. */
export class KeyFileExposedError extends PanalError {
  constructor(
    readonly path: string,
    modeBits: number,
  ) {
    super({
      code: 'key_file_exposed',
      message: `Other users can read the key file ${path} (its mode is 0${modeBits.toString(8)}).`,
      action: `Run \`chmod 600 ${path}\`; if somebody may have read it, make a new key.`,
      retryable: false,
    });
  }
}
