import { PanalError } from '@panal/runtime';

/** A flag or an environment variable has a value that makes no sense. */
export class OptionInvalidError extends PanalError {
  constructor(message: string, action: string, cause?: unknown) {
    super({ code: 'option_invalid', message, action, retryable: false, cause });
  }
}

/** There is no key file, and no other place to take the cluster's key from. */
export class KeyFileMissingError extends PanalError {
  constructor(file: string | undefined) {
    const name = file ?? 'FILE';
    super({
      code: 'key_file_missing',
      message: file === undefined ? 'No cluster key was given.' : `There is no cluster key in ${file}.`,
      action:
        `Run "panal keys init --key-file ${name}" once, copy the file to every machine of the cluster` +
        `${file === undefined ? ', and start with --key-file FILE' : ''}.`,
      retryable: false,
    });
  }
}

/** There is a key file that cannot be read. */
export class KeyFileUnreadableError extends PanalError {
  constructor(file: string, reason: string, cause?: unknown) {
    super({
      code: 'key_file_unreadable',
      message: `The key file ${file} cannot be used: ${reason}.`,
      action: `Give the user that runs Panal a readable copy (chmod 600), or make a new key with "panal keys init --key-file ${file}".`,
      retryable: false,
      cause,
    });
  }
}

/** Another process listens where this one wants to. */
export class PortTakenError extends PanalError {
  constructor(
    readonly address: string,
    flag: string,
    cause?: unknown,
  ) {
    super({
      code: 'port_taken',
      message: `The address ${address} is in use by another process.`,
      action: `Stop that process, or choose another port with ${flag} HOST:PORT (port 0 takes any free one).`,
      retryable: true,
      cause,
    });
  }
}

/** The machine does not let this process listen there. */
export class AddressUnusableError extends PanalError {
  constructor(address: string, flag: string, reason: string, cause?: unknown) {
    super({
      code: 'address_unusable',
      message: `Cannot listen on ${address}: ${reason}.`,
      action: `Give ${flag} an address of this machine, for example 0.0.0.0:PORT, with a port of 1024 or above.`,
      retryable: false,
      cause,
    });
  }
}
