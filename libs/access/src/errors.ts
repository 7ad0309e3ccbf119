import { PanalError } from '@panal/runtime';

/** A key file's text that is no cluster key. The text itself is in no message. */
export class ClusterKeyError extends PanalError {
  constructor(reason: string) {
    super({
      code: 'cluster_key_invalid',
      message: `This is no cluster key: ${reason}.`,
      action:
        'Copy the key file of a running tracker as it is, or make a new one with `panal up` on the first machine.',
      retryable: false,
    });
  }
}

/** A text that is no principal. */
export class PrincipalError extends PanalError {
  constructor(text: string) {
    super({
      code: 'principal_invalid',
      message: `${JSON.stringify(text.slice(0, 100))} is no principal.`,
      action: 'Write peer:NAME, tracker:NAME or client:NAME; a name is 1 to 64 letters, digits, ".", "_" or "-".',
      retryable: false,
    });
  }
}

/** A text that is no client key. The text itself is in no message. */
export class ClientKeyError extends PanalError {
  constructor(reason: string) {
    super({
      code: 'client_key_invalid',
      message: `This is no client key: ${reason}.`,
      action: 'Copy the file that `panal keys client` wrote as it is, or make a new key.',
      retryable: false,
    });
  }
}

/** A step of a rotation that is not due. */
export class KeyRotationError extends PanalError {
  constructor(message: string, action: string) {
    super({ code: 'key_rotation_invalid', message, action, retryable: false });
  }
}
