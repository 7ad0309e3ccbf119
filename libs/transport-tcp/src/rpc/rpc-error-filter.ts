import { Catch, type ExceptionFilter } from '@nestjs/common';
import { type Observable, throwError } from 'rxjs';

/**
 * Hands what a handler threw to the transport as it is. Nest's own filter would turn every `PanalError` into "Internal
 * server error"; `TcpRpcServer` maps errors itself, and logs the ones nobody expected.
 */
@Catch()
export class RpcErrorFilter implements ExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}
