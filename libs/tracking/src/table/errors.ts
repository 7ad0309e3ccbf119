import { PanalError } from '@panal/runtime';

/** Bytes that are no key of a record this version knows. */
export class RecordKeyMalformedError extends PanalError {
  constructor(bytes: Buffer) {
    super({
      code: 'record_key_malformed',
      message: `A record has a key that this tracker does not know: ${bytes.subarray(0, 48).toString('hex')}.`,
      action: 'Upgrade this tracker; another one of its cluster is newer. If all have one version, report it as a bug.',
      retryable: false,
    });
  }
}
