import type { ErrorReport } from '@panal/runtime';
import { BodyUnencodableError } from './errors.js';
import { ERROR_CODE_SIZE_MAX, ERROR_TEXT_SIZE_MAX } from './limits.js';

const CODE = /^[A-Za-z][\w.-]*$/;

/** What an `error` envelope may hold. */
export function isErrorReport(value: unknown): value is ErrorReport {
  if (typeof value !== 'object' || value === null) return false;
  const { code, message, action, retryable } = value as Partial<Record<keyof ErrorReport, unknown>>;
  if (typeof code !== 'string' || code.length > ERROR_CODE_SIZE_MAX || !CODE.test(code)) return false;
  return isText(message) && isText(action) && typeof retryable === 'boolean';
}

/**
 * The report for an `error` envelope: its four fields alone, the texts cut to what a receiver takes.
 * @throws BodyUnencodableError when it is none
 */
export function toErrorReport(value: unknown): ErrorReport {
  const { code, message, action, retryable } = Object(value) as ErrorReport;
  const report = { code, message: cut(message), action: cut(action), retryable };
  if (!isErrorReport(report)) throw new BodyUnencodableError('the body of an error is an error report');
  return report;
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.length <= ERROR_TEXT_SIZE_MAX;
}

function cut(text: string): string {
  return typeof text === 'string' && text.length > ERROR_TEXT_SIZE_MAX
    ? `${text.slice(0, ERROR_TEXT_SIZE_MAX - 3)}...`
    : text;
}
