import { PanalError } from '@panal/runtime';

/** A data-plane message that no correct peer sends. The connection is closed; nothing else is harmed. */
export class DataMessageError extends PanalError {
  constructor(reason: string) {
    super({
      code: 'data_message_invalid',
      message: `The other peer sent something that is no message of the data plane: ${reason}.`,
      action: 'Nothing to do: the connection is closed and the chunk asked elsewhere. If it repeats, compare versions.',
      retryable: true,
    });
  }
}
