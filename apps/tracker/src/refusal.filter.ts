import { type ArgumentsHost, Catch } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { type Logger, PanalError } from '@panal/runtime';
import { type RpcContext, RpcErrorFilter } from '@panal/transport-tcp';
import type { Observable } from 'rxjs';
import type { TrackerMetrics } from './tracker-metrics.js';

/** Counts the messages that end in an error, and says in the log who sent them; the caller gets the error as it is. */
@Catch()
export class RefusalFilter extends RpcErrorFilter {
  constructor(
    private readonly metrics: TrackerMetrics,
    private readonly logger: Logger,
  ) {
    super();
  }

  override catch(error: unknown, host?: ArgumentsHost): Observable<never> {
    const code = codeOf(error);
    const context = host?.switchToRpc().getContext<RpcContext>();
    this.metrics.countRefusal(code);
    this.logger.debug('A message was refused', { code, pattern: context?.pattern, principal: context?.principal });
    return super.catch(error);
  }
}

/** Codes are ours and few, so they may be a label; whatever else was thrown is a bug. */
function codeOf(error: unknown): string {
  if (error instanceof PanalError) return error.code;
  const content = error instanceof RpcException ? error.getError() : undefined;
  const code = typeof content === 'object' ? (content as { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : 'internal';
}
