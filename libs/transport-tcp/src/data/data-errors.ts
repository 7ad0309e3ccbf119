import { PanalError } from '@panal/runtime';

/** The provider does not have the torrent, or not any more. */
export class ContentUnknownError extends PanalError {
  constructor(address: string, code: string) {
    super({
      code: 'content_unknown',
      message: `The peer at ${address} does not share this torrent (${code}).`,
      action: 'Nothing to do: the trackers forget it soon, and others are asked.',
      retryable: true,
    });
  }
}

/** The provider describes another content than the torrent does. */
export class ContentMismatchError extends PanalError {
  constructor(address: string, reason: string) {
    super({
      code: 'content_mismatch',
      message: `The peer at ${address} shares something else under this torrent's id: ${reason}.`,
      action: 'Nothing to do: it is not asked again. Its operator should share the content anew.',
      retryable: false,
    });
  }
}

/** The other side sent what was never asked for, or out of turn. */
export class DataProtocolError extends PanalError {
  constructor(address: string, reason: string) {
    super({
      code: 'data_protocol_violated',
      message: `The peer at ${address} broke the protocol: ${reason}.`,
      action: 'Nothing to do: the connection is closed and its chunks are asked elsewhere.',
      retryable: true,
    });
  }
}

/** The connection ended before its work did. */
export class DataConnectionLostError extends PanalError {
  constructor(address: string, reason: string, cause?: unknown) {
    super({
      code: 'data_connection_lost',
      message: `The connection to the peer at ${address} ended: ${reason}.`,
      action: 'Nothing to do: its chunks are asked elsewhere, and it is dialled again later.',
      retryable: true,
      cause,
    });
  }
}
