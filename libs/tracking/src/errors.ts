import { PanalError } from '@panal/runtime';

/** Another living peer has the name. */
export class PeerNameTakenError extends PanalError {
  constructor(
    readonly peerName: string,
    readonly holderAddress: string,
  ) {
    super({
      code: 'peer_name_taken',
      message: `The peer name "${peerName}" belongs to the living peer at ${holderAddress}.`,
      action:
        'Start this peer under another name, or stop the other one; its name is free once it is no longer heard from.',
      retryable: true,
    });
  }
}

/** Two processes run with one peer id: a data folder was copied, or the former process still lives. */
export class PeerFencedError extends PanalError {
  constructor(
    readonly peerName: string,
    readonly holderAddress: string,
    readonly reason: 'newer process' | 'other address',
  ) {
    super({
      code: 'peer_fenced',
      message: `The peer id of "${peerName}" is in use by a ${reason === 'newer process' ? 'newer process' : 'living process'} at ${holderAddress}.`,
      action:
        'Stop one of the two. If the data folder was copied from another machine, give each peer its own: start it with an empty --data folder.',
      // The newer process stays; a living one may turn out to be dead.
      retryable: reason === 'other address',
    });
  }
}

/** A bounded table is full. What it holds expires, so the same request may succeed later. */
export class TrackerFullError extends PanalError {
  constructor(
    readonly what: string,
    readonly limit: number,
  ) {
    super({
      code: 'tracker_full',
      message: `The tracker holds the most ${what} it can: ${limit}.`,
      action: 'Try again later, or announce to another tracker.',
      retryable: true,
    });
  }
}

/** One peer shares more torrents than a heartbeat can name. */
export class PeerTorrentsFullError extends PanalError {
  constructor(readonly limit: number) {
    super({
      code: 'peer_torrents_full',
      message: `A peer can share at most ${limit} torrents.`,
      action: 'Remove shares that are no longer needed, or share several files as one directory.',
      retryable: false,
    });
  }
}

/** A torrent file above what a tracker keeps. */
export class MetadataTooLargeError extends PanalError {
  constructor(sizeBytes: number, limit: number) {
    super({
      code: 'metadata_too_large',
      message: `A torrent file of ${sizeBytes} bytes is above the ${limit} bytes a tracker keeps.`,
      action: 'Nothing needs to be done: peers hand this torrent file to each other.',
      retryable: false,
    });
  }
}

/** The bytes are no torrent file, or that of another torrent. */
export class MetadataMismatchError extends PanalError {
  constructor(hash: string, found: string, cause?: unknown) {
    super({
      code: 'metadata_mismatch',
      message: `The bytes put as the torrent file of ${hash} are ${found}.`,
      action: 'Send the torrent file whose content id is the hash of the message.',
      retryable: false,
      cause,
    });
  }
}

/** Nobody has set the name, in this namespace. */
export class NameUnknownError extends PanalError {
  constructor(name: string, namespace: string) {
    super({
      code: 'name_unknown',
      message: `Nothing is shared under the name "${name}" (namespace ${namespace}).`,
      action: 'Check the spelling with "panal ls", or share it with "panal share PATH --name NAME".',
      retryable: false,
    });
  }
}

/** Another tracker asked something that makes no sense: it runs another release, or is broken. */
export class QuestionInvalidError extends PanalError {
  constructor(field: string) {
    super({
      code: 'question_invalid',
      message: `A tracker asked this one something with an unusable "${field}".`,
      action: 'Check that all trackers of the cluster run the same release, or one that follows it.',
      retryable: false,
    });
  }
}

/** A key of this name is there and not revoked, or one of this id. */
export class ClientKeyExistsError extends PanalError {
  constructor(name: string) {
    super({
      code: 'client_key_exists',
      message: `There is a client key "${name}" already.`,
      action: 'Choose another name, or revoke that key first (`panal keys revoke`).',
      retryable: false,
    });
  }
}

/** No client key has this id, or it is revoked. */
export class ClientKeyMissingError extends PanalError {
  constructor(id: string) {
    super({
      code: 'client_key_missing',
      message: `There is no client key ${id} that is good.`,
      action: 'See `panal keys list`.',
      retryable: false,
    });
  }
}

/** What came sealed as a key cannot be opened here, or is none. */
export class ClientKeyUnreadableError extends PanalError {
  constructor() {
    super({
      code: 'client_key_unreadable',
      message: 'A client key was sent that this tracker cannot read.',
      action: 'Use a key file that the trackers have too; after a rotation, one of their present keys.',
      retryable: false,
    });
  }
}
