import {
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  type INestMicroservice,
  Module,
  type NestInterceptor,
  type PipeTransform,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { MEMBER_ACCESS } from '@panal/wire';
import { IsString } from 'class-validator';
import { type Observable, throwError } from 'rxjs';
import { type DirectHandler, directHandlersOf } from './direct-handlers.js';
import { DtoPipe } from './dto-pipe.js';
import { bedPorts, bedSecret } from './rpc-bed.fixture.js';
import { RpcContext } from './rpc-context.js';
import { useRpcDefaults } from './rpc-defaults.js';
import { RpcErrorFilter } from './rpc-error-filter.js';
import { TcpRpcServer } from './tcp-rpc-server.js';

class NobodyGuard implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

class OtherPipe implements PipeTransform {
  transform(value: unknown): unknown {
    return value;
  }
}

class Watcher implements NestInterceptor {
  intercept(_: unknown, next: CallHandler): Observable<unknown> {
    return next.handle();
  }
}

class Honey {
  @IsString()
  sort!: string;
}

@Catch(TypeError)
class PickyFilter implements ExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}

@Catch()
class SweetFilter extends RpcErrorFilter {
  override catch(error: unknown, host?: ArgumentsHost): Observable<never> {
    return super.catch(new Error(`${String(error)} at ${host?.switchToRpc().getContext<RpcContext>().pattern}`));
  }
}

@Controller()
class HiveController {
  @MessagePattern('bee.hive.plain')
  plain(@Payload() honey: Honey, @Ctx() context: RpcContext): string {
    return `${honey.sort} for ${context.principal}`;
  }

  @MessagePattern('bee.hive.turned')
  turned(@Ctx() context: RpcContext, @Payload() honey: Honey): string {
    return `${honey.sort} for ${context.principal}`;
  }

  @MessagePattern('bee.hive.late')
  async late(): Promise<never> {
    throw new TypeError('too late');
  }

  @MessagePattern('bee.hive.guarded')
  @UseGuards(NobodyGuard)
  guarded(@Payload() honey: Honey): Honey {
    return honey;
  }

  @MessagePattern('bee.hive.piped')
  @UsePipes(OtherPipe)
  piped(@Payload() honey: Honey): Honey {
    return honey;
  }

  @MessagePattern('bee.hive.pipedparam')
  pipedParam(@Payload(OtherPipe) honey: Honey): Honey {
    return honey;
  }

  @MessagePattern('bee.hive.field')
  field(@Payload('sort') sort: string): string {
    return sort;
  }

  @MessagePattern('bee.hive.filtered')
  @UseFilters(SweetFilter)
  filtered(@Payload() honey: Honey): Honey {
    return honey;
  }

  @MessagePattern('bee.hive.watched')
  @UseInterceptors(Watcher)
  watched(@Payload() honey: Honey): Honey {
    return honey;
  }

  @EventPattern('bee.hive.event')
  event(@Payload() honey: Honey): void {
    void honey;
  }
}

@Controller()
@UseGuards(NobodyGuard)
class GuardedController {
  @MessagePattern('bee.guarded.plain')
  plain(@Payload() honey: Honey): Honey {
    return honey;
  }
}

const context = new RpcContext([
  {
    identity: { role: 'peer', cluster: 'bed', principal: 'peer:ada' },
    access: MEMBER_ACCESS,
    host: 'h',
    port: 1,
    version: 2,
  },
  'bee.hive.plain',
  { timestampMs: 1, clock: 1 },
]);

async function handlersOf(
  install: (microservice: INestMicroservice) => unknown,
  controller: new () => object = HiveController,
): Promise<ReadonlyMap<string, DirectHandler>> {
  class HiveModule {}
  Module({ controllers: [controller] })(HiveModule);
  const strategy = new TcpRpcServer({
    listen: { host: '127.0.0.1', port: 0 },
    identity: { role: 'tracker', cluster: 'bed', principal: 'tracker:t1' },
    secret: bedSecret,
    ports: bedPorts(),
    logger: console,
  });
  const app = await NestFactory.createMicroservice(HiveModule, { strategy, logger: false, abortOnError: false });
  install(app);
  return directHandlersOf(app, app.get(controller));
}

describe('directHandlersOf', () => {
  it('takes the handlers that have nothing around them, and leaves all others to Nest', async () => {
    const handlers = await handlersOf(useRpcDefaults);
    expect([...handlers.keys()].sort()).toEqual(['bee.hive.late', 'bee.hive.plain', 'bee.hive.turned']);
    expect((await handlersOf(useRpcDefaults, GuardedController)).size).toBe(0);
  });

  it.each<[string, (microservice: INestMicroservice) => unknown]>([
    ['a guard', (app) => useRpcDefaults(app).useGlobalGuards(new NobodyGuard())],
    ['an interceptor', (app) => useRpcDefaults(app).useGlobalInterceptors(new Watcher())],
    ['a second pipe', (app) => useRpcDefaults(app).useGlobalPipes(new OtherPipe())],
    ['a second filter', (app) => useRpcDefaults(app).useGlobalFilters(new SweetFilter())],
    ['another pipe', (app) => app.useGlobalPipes(new OtherPipe()).useGlobalFilters(new RpcErrorFilter())],
    ['a filter that catches some', (app) => app.useGlobalPipes(new DtoPipe()).useGlobalFilters(new PickyFilter())],
    ['no filter', (app) => app.useGlobalPipes(new DtoPipe())],
    ['nothing at all', () => undefined],
  ])('takes none where the microservice has %s', async (_, install) => {
    expect((await handlersOf(install)).size).toBe(0);
  });

  it('checks the payload and answers at once, whatever the order of the parameters', async () => {
    const handlers = await handlersOf(useRpcDefaults);
    for (const pattern of ['bee.hive.plain', 'bee.hive.turned']) {
      expect(handlers.get(pattern)?.({ sort: 'lime' }, context)).toBe('lime for peer:ada');
    }
  });

  it('gives what the pipe refuses, and what the handler throws at once or later, to the filter', async () => {
    const handlers = await handlersOf((app) => app.useGlobalPipes(new DtoPipe()).useGlobalFilters(new SweetFilter()));
    const failureOf = async (pattern: string, data: unknown): Promise<string> => {
      const result = (await handlers.get(pattern)?.(data, context)) as Observable<unknown>;
      return new Promise((resolve, reject) => {
        result.subscribe({ next: reject, error: (error: unknown) => resolve(String(error)) });
      });
    };
    expect(await failureOf('bee.hive.plain', { sort: 5 })).toContain('at bee.hive.plain');
    expect(await failureOf('bee.hive.late', {})).toContain('TypeError: too late at');
  });
});
