import type { Logger, PanalError } from '@panal/runtime';

/** What has trouble with the disk by itself: the records, or the state beside them. */
export type TroubleSource = 'records' | 'state';

/** What stands between the log and the disk at present, told once when it comes and once when it goes. */
export class Trouble {
  readonly #errors = new Map<TroubleSource, PanalError>();

  /** @param onChange Gets `undefined` when everything works again. */
  constructor(
    private readonly logger: Logger,
    private readonly onChange: (error: PanalError | undefined) => void,
  ) {}

  get current(): PanalError | undefined {
    return this.#errors.values().next().value;
  }

  raise(source: TroubleSource, error: PanalError): void {
    const before = this.#errors.get(source);
    this.#errors.set(source, error);
    if (before?.code === error.code) return;
    this.logger.error('The disk does not take what the tracker must keep. Durable writes are not acknowledged.', {
      code: error.code,
      reason: error.message,
      action: error.action,
    });
    this.onChange(error);
  }

  clear(source: TroubleSource): void {
    if (!this.#errors.delete(source) || this.#errors.size > 0) return;
    this.logger.info('The disk takes everything again.');
    this.onChange(undefined);
  }
}
