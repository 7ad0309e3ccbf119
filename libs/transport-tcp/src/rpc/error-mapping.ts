import { RpcException } from '@nestjs/microservices';
import { type ErrorReport, errorReport, PanalError } from '@panal/runtime';
import { BodyUnencodableError, ERROR_CODE_SIZE_MAX } from '@panal/wire';

const CODE_PATTERN = /^[a-z][a-z0-9_]*$/;

/** Texts of Nest: of its exception filter for an error it hides, and of a guard that said no. */
const NEST_INTERNAL = 'Internal server error';
const NEST_FORBIDDEN = 'Forbidden resource';

/**
 * What a failed handler tells its caller. Only what was meant for callers goes out: a `PanalError`, or the content of an
 * `RpcException`. Anything else is a bug and becomes `internal`.
 */
export function reportOf(error: unknown): ErrorReport {
  // What the handler returned cannot be sent: a bug of the handler, not of who asked.
  if (error instanceof BodyUnencodableError) return errorReport(undefined);
  if (error instanceof PanalError) return errorReport(error);
  if (error instanceof RpcException) return reportOfContent(error.getError());
  // Without `RpcErrorFilter`, Nest throws the bare content of an RpcException, or `{ status: 'error', message }`.
  return parseReport(error) ?? parseNestError(error) ?? errorReport(error);
}

/** Whether the report hides what happened, so that the log has to say it. */
export function isInternal(report: ErrorReport): boolean {
  return report.code === 'internal';
}

function reportOfContent(content: string | object): ErrorReport {
  return parseReport(content) ?? refusal(typeof content === 'string' ? content : 'The request was refused.');
}

/** A guard, pipe or handler of a plugin said no in its own words. */
function refusal(message: string): ErrorReport {
  if (message === NEST_FORBIDDEN) {
    const action = 'Ask with a key whose role may do this.';
    return { code: 'forbidden', message: 'This is not allowed to you.', action, retryable: false };
  }
  return { code: 'rpc_refused', message, action: 'Change the request as the message says.', retryable: false };
}

function parseNestError(error: unknown): ErrorReport | undefined {
  const { status, message } = plainFields(error);
  return status === 'error' && typeof message === 'string' && message !== NEST_INTERNAL ? refusal(message) : undefined;
}

function parseReport(value: unknown): ErrorReport | undefined {
  const { code, message, action, retryable } = plainFields(value);
  if (typeof code !== 'string' || code.length > ERROR_CODE_SIZE_MAX || !CODE_PATTERN.test(code)) return undefined;
  if (typeof message !== 'string') return undefined;
  return {
    code,
    message,
    action: typeof action === 'string' ? action : 'See the message.',
    retryable: retryable === true,
  };
}

/** An error of Node has a code and a message too, and both are nobody's business: only plain data is a report. */
function plainFields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !('stack' in value) ? (value as Record<string, unknown>) : {};
}
