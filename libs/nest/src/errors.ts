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

/** A client's key where the cluster's is needed. */
export class ClientKeyMisplacedError extends PanalError {
  constructor(name: string) {
    super({
      code: 'client_key_misplaced',
      message: `A tracker needs the key of the cluster, and was given the client key "${name}".`,
      action: 'Give it the cluster key with --key-file; client keys are for peers and for the command line.',
      retryable: false,
    });
  }
}

/** The key is for another cluster than the one that was named. */
export class ClusterNameMismatchError extends PanalError {
  constructor(given: string, ofKey: string) {
    super({
      code: 'cluster_name_mismatch',
      message: `The client key is for the cluster "${ofKey}", not for "${given}".`,
      action: 'Leave --cluster out, or use a key of that cluster.',
      retryable: false,
    });
  }
}
