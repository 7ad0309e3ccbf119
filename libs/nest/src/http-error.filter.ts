import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, HttpStatus } from '@nestjs/common';
import { type ErrorReport, errorReport, type Logger, PanalError } from '@panal/runtime';

export interface HttpErrorFilterOptions {
  readonly logger: Logger;
  /** Status of codes for which the rule of `statusOf` is wrong. */
  readonly statusByCode?: Readonly<Record<string, number>>;
}

/** The part of a Fastify reply that is used here. */
interface ErrorReply {
  status(code: number): { send(body: ErrorReport): unknown };
}

/** Every error of a REST interface leaves as `{ code, message, action, retryable }` with the status that fits. */
@Catch()
export class HttpErrorFilter implements ExceptionFilter {
  constructor(private readonly options: HttpErrorFilterOptions) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const { status, report } = this.#answer(error);
    if (status >= 500 && !report.retryable) this.options.logger.error('A request failed', { error });
    host.switchToHttp().getResponse<ErrorReply>().status(status).send(report);
  }

  #answer(error: unknown): { status: number; report: ErrorReport } {
    if (error instanceof PanalError) return { status: this.#statusOf(error), report: errorReport(error) };
    const status = statusIn(error);
    if (status === undefined || status >= 500) {
      return { status: HttpStatus.INTERNAL_SERVER_ERROR, report: errorReport(error) };
    }
    return { status, report: reportOf(status, error as Error) };
  }

  #statusOf({ code, retryable }: PanalError): number {
    return this.options.statusByCode?.[code] ?? statusOf(code, retryable);
  }
}

const STATUS_BY_SUFFIX: readonly (readonly [suffix: string, status: number])[] = [
  ['unauthorized', HttpStatus.UNAUTHORIZED],
  ['forbidden', HttpStatus.FORBIDDEN],
  ['_unknown', HttpStatus.NOT_FOUND],
  ['_early', HttpStatus.CONFLICT],
  ['_not_found', HttpStatus.NOT_FOUND],
  ['_taken', HttpStatus.CONFLICT],
  ['_exists', HttpStatus.CONFLICT],
  ['_too_large', HttpStatus.PAYLOAD_TOO_LARGE],
];

/** The words our codes end in have one meaning each; what may succeed later is 503, the rest is the asker's to correct. */
function statusOf(code: string, retryable: boolean): number {
  const known = STATUS_BY_SUFFIX.find(([suffix]) => code.endsWith(suffix));
  if (known !== undefined) return known[1];
  if (code === 'internal') return HttpStatus.INTERNAL_SERVER_ERROR;
  return retryable ? HttpStatus.SERVICE_UNAVAILABLE : HttpStatus.BAD_REQUEST;
}

/** Nest throws `HttpException`; Fastify throws errors with a `statusCode` (a broken body, a body too large). */
function statusIn(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  const status = (error as { statusCode?: unknown } | null | undefined)?.statusCode;
  return typeof status === 'number' && status >= 400 && status <= 599 ? status : undefined;
}

function reportOf(status: number, { message }: Error): ErrorReport {
  const code = CODE_BY_STATUS[status] ?? 'request_invalid';
  return {
    code,
    message,
    action: 'Compare the request with the documentation of the REST interface.',
    retryable: false,
  };
}

const CODE_BY_STATUS: Readonly<Record<number, string>> = {
  [HttpStatus.UNAUTHORIZED]: 'unauthorized',
  [HttpStatus.FORBIDDEN]: 'forbidden',
  [HttpStatus.NOT_FOUND]: 'route_unknown',
  [HttpStatus.PAYLOAD_TOO_LARGE]: 'request_too_large',
  [HttpStatus.UNSUPPORTED_MEDIA_TYPE]: 'media_type_unsupported',
};
