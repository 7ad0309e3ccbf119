import type { INestMicroservice } from '@nestjs/common';
import { DtoPipe } from './dto-pipe.js';
import { RpcErrorFilter } from './rpc-error-filter.js';

/**
 * What every microservice on `TcpRpcServer` needs: checked payloads, and errors that keep their code. In a hybrid
 * application connect it with `{ deferInitialization: true }`, or Nest ignores both.
 */
export function useRpcDefaults(microservice: INestMicroservice): INestMicroservice {
  return microservice.useGlobalPipes(new DtoPipe()).useGlobalFilters(new RpcErrorFilter());
}
