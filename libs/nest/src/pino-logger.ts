import { types } from 'node:util';
import { type LogFields, type Logger, PanalError } from '@panal/runtime';
import { type DestinationStream, type Logger as Pino, pino } from 'pino';

/** `silent` writes nothing. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface PinoLoggerOptions {
  readonly level: LogLevel;
  /** Which process speaks, for example `tracker`; in every line. */
  readonly component: string;
  /** Where the lines go; default: standard output. */
  readonly destination?: DestinationStream;
}

/** Fields that must never reach a log, whatever a caller passes, at the top and one level down. */
const SECRET_FIELDS = ['secret', 'key', 'clusterKey', 'token', 'authorization', 'password', 'sessionKey'];

/** One JSON object a line: `level` as a word, `time` in ISO 8601, `component`, the constant message, the fields. */
export class PinoLogger implements Logger {
  readonly #pino: Pino;

  constructor({ level, component, destination }: PinoLoggerOptions) {
    const options = {
      level,
      base: { component },
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label: string) => ({ level: label }) },
      serializers: { error: errorFields, cause: errorFields },
      redact: { paths: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`]), censor: '[secret]' },
    };
    this.#pino = destination === undefined ? pino(options) : pino(options, destination);
  }

  debug(message: string, fields: LogFields = {}): void {
    this.#pino.debug(fields, message);
  }

  info(message: string, fields: LogFields = {}): void {
    this.#pino.info(fields, message);
  }

  warn(message: string, fields: LogFields = {}): void {
    this.#pino.warn(fields, message);
  }

  error(message: string, fields: LogFields = {}): void {
    this.#pino.error(fields, message);
  }
}

/** A `PanalError` tells by its code what happened; of any other error the stack is the only clue. */
function errorFields(error: unknown): unknown {
  if (error instanceof PanalError) {
    const { code, message, action, cause } = error;
    return { code, message, action, ...(cause === undefined ? {} : { cause: errorFields(cause) }) };
  }
  if (!types.isNativeError(error)) return error;
  const { name, message, stack } = error;
  return { name, message, stack };
}
