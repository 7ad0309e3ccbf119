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

/** Who asked may not: the key it uses has not the role for it. */
export class AccessDeniedError extends PanalError {
  constructor(what: string, role: string) {
    super({
      code: 'access_denied',
      message: `A key with the role "${role}" may not ${what}.`,
      action: 'Use the key of the cluster, or a client key with a higher role (`panal keys client NAME --role admin`).',
      retryable: false,
    });
  }
}

/** A peer says it is one whose id belongs to another key. */
export class PeerIdForeignError extends PanalError {
  constructor(peerId: string, principal: string) {
    super({
      code: 'peer_id_foreign',
      message: `The peer id ${peerId} does not belong to the key of ${principal}.`,
      action:
        'Start the peer as it is: it makes its id from its data folder and its key. If it did, it is of a release that chose ids at random; upgrade it, or start it with an empty --data folder.',
      retryable: false,
    });
  }
}
