/** What every error of Panal tells: a stable code, whether trying again can help, and what the reader should do. */
export interface PanalErrorOptions {
  readonly code: string;
  readonly message: string;
  /** What the reader does about it, as a sentence. */
  readonly action: string;
  readonly retryable: boolean;
  readonly cause?: unknown;
}

/** The form in which an error crosses a process boundary, by RPC or REST. */
export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly action: string;
  readonly retryable: boolean;
}

/** Base of every error class. One subclass per cause, in its lib's `errors.ts`; codes are listed in `docs/errors.md`. */
export class PanalError extends Error {
  readonly code: string;
  readonly action: string;
  readonly retryable: boolean;

  constructor({ code, message, action, retryable, cause }: PanalErrorOptions) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.code = code;
    this.action = action;
    this.retryable = retryable;
  }
}

/** An error as another process reported it: code, action and `retryable` are the sender's. */
export class ReportedError extends PanalError {
  constructor(report: ErrorReport) {
    super(report);
  }
}

/** Turns anything thrown into a report. What is no `PanalError` is a bug: its text stays in the log, not in the report. */
export function errorReport(error: unknown): ErrorReport {
  if (error instanceof PanalError) {
    return { code: error.code, message: error.message, action: error.action, retryable: error.retryable };
  }
  return {
    code: 'internal',
    message: 'Something went wrong inside Panal.',
    action: 'Look at the log of the process that answered; if it repeats, report it.',
    retryable: false,
  };
}
