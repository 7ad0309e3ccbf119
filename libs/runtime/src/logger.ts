/** What a log line carries beside its constant message. Never a secret. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Structured log: the message is a constant sentence, what varies goes into the fields. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

const ignore = (): void => undefined;

/** Says nothing: for tests and for callers that want no log. */
export const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
