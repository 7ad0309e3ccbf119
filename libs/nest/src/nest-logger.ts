import type { LoggerService } from '@nestjs/common';
import type { Logger } from '@panal/runtime';

/** Nest's own lines through our logger. What Nest calls `log` tells how it wires itself up: of interest when debugging. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.logger.debug('Nest', fields(message, rest));
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.logger.debug('Nest', fields(message, rest));
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.logger.debug('Nest', fields(message, rest));
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.logger.warn('Nest warns', fields(message, rest));
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.logger.error('Nest failed', fields(message, rest));
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.logger.error('Nest failed', fields(message, rest));
  }
}

/** Nest passes its context last, and for errors the stack before it. */
function fields(detail: unknown, rest: readonly unknown[]): Record<string, unknown> {
  const context = rest.at(-1);
  const stack = rest.length > 1 ? rest[0] : undefined;
  return {
    detail,
    ...(context === undefined ? {} : { context }),
    ...(stack === undefined ? {} : { stack }),
  };
}
