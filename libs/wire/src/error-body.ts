import type { ErrorReport } from '@panal/runtime';
import { ERROR_CODE_SIZE_MAX, ERROR_TEXT_SIZE_MAX } from './limits.js';

const CODE = /^[a-z][a-z0-9_]*$/;

/** What an `error` envelope may hold. */
export function isErrorReport(value: unknown): value is ErrorReport {
  if (typeof value !== 'object' || value === null) return false;
  const { code, message, action, retryable } = value as Partial<Record<keyof ErrorReport, unknown>>;
  if (typeof code !== 'string' || code.length > ERROR_CODE_SIZE_MAX || !CODE.test(code)) return false;
  return isText(message) && isText(action) && typeof retryable === 'boolean';
}

/** The report with its texts cut to what a receiver takes, and nothing else in it. */
export function trimErrorReport({ code, message, action, retryable }: ErrorReport): ErrorReport {
  return { code, message: cut(message), action: cut(action), retryable };
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.length <= ERROR_TEXT_SIZE_MAX;
}

function cut(text: string): string {
  return text.length <= ERROR_TEXT_SIZE_MAX ? text : `${text.slice(0, ERROR_TEXT_SIZE_MAX - 3)}...`;
}
