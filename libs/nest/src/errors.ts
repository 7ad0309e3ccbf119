import { PanalError } from '@panal/runtime';

/** A flag or an environment variable has a value that makes no sense. */
export class OptionInvalidError extends PanalError {
  constructor(message: string, action: string, cause?: unknown) {
    super({ code: 'option_invalid', message, action, retryable: false, cause });
  }
}

/** Nobody said where the cluster's key is, or it is not there. */
export class KeyFileMissingError extends PanalError {
  constructor(file: string | undefined, cause?: unknown) {
    super({
      code: 'key_file_missing',
      message: file === undefined ? 'No cluster key was given.' : `There is no cluster key at ${file}.`,
      action:
        file === undefined
          ? 'Run "panal keys init --key-file FILE" once for the cluster, copy the file to its machines, and start with --key-file FILE.'
          : `Run "panal keys init --key-file ${file}" once for the cluster; on its other machines, copy the file there.`,
      retryable: false,
      cause,
    });
  }
}

/** The HTTP interface cannot listen where it should. */
export class HttpListenError extends PanalError {
  constructor(
    readonly address: string,
    { code, reason, flag, cause }: { code: string; reason: string; flag: string; cause: unknown },
  ) {
    super({
      code,
      message: `Cannot listen on ${address} for HTTP: ${reason}.`,
      action: `Choose another address with ${flag} HOST:PORT; port 0 takes any free one.`,
      retryable: false,
      cause,
    });
  }
}
