import { BadRequestException, Controller, Get, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type LogFields, PanalError, silentLogger } from '@panal/runtime';
import { Counter } from 'prom-client';
import { HealthModule } from './health.module.js';
import { HttpErrorFilter } from './http-error.filter.js';
import { MetricsModule, MetricsRegistry } from './metrics.module.js';

class NamedError extends PanalError {
  constructor(code: string, retryable = false) {
    super({ code, message: `This is ${code}.`, action: 'Do something.', retryable });
  }
}

let next: unknown;

@Controller('fail')
class FailingController {
  @Get()
  fail(): never {
    throw next;
  }

  @Post()
  take(): string {
    return 'taken';
  }
}

const state = { reason: undefined as string | undefined };

@Module({
  imports: [
    MetricsModule,
    HealthModule.register({ useFactory: () => [{ name: 'disk', whyNotReady: () => state.reason }] }),
  ],
  controllers: [FailingController],
})
class EdgeModule {}

describe('the HTTP edge of a server', () => {
  let app: NestFastifyApplication;
  const logged: LogFields[] = [];
  beforeAll(async () => {
    app = await NestFactory.create<NestFastifyApplication>(EdgeModule, new FastifyAdapter({ bodyLimit: 100 }), {
      logger: false,
    });
    const logger = { ...silentLogger, error: (_: string, fields: LogFields = {}) => void logged.push(fields) };
    app.useGlobalFilters(new HttpErrorFilter({ logger, statusByCode: { special: 418 } }));
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
  });
  afterAll(() => app.close());

  const get = async (url: string) => {
    const { statusCode, body, headers } = await app.inject({ method: 'GET', url });
    return { statusCode, body, headers };
  };

  it('is alive although it is not ready, and says what is missing', async () => {
    state.reason = 'The disk is full.';
    expect((await get('/health/live')).statusCode).toBe(200);
    const { statusCode, body } = await get('/health/ready');
    expect(statusCode).toBe(503);
    expect(JSON.parse(body)).toEqual({
      status: 'not ready',
      checks: [{ name: 'disk', isReady: false, reason: 'The disk is full.' }],
    });
    state.reason = undefined;
    expect((await get('/health/ready')).statusCode).toBe(200);
  });

  it('shows the metrics of this server and of its process', async () => {
    const registry = app.get(MetricsRegistry);
    new Counter({ name: 'panal_bees_total', help: 'Bees.', registers: [registry] }).inc(3);
    const { body, headers } = await get('/metrics');
    expect(headers['content-type']).toContain('text/plain');
    expect(body).toContain('panal_bees_total 3');
    expect(body).toContain('process_resident_memory_bytes');
  });

  it.each([
    [new NamedError('torrent_unknown'), 404],
    [new NamedError('target_exists'), 409],
    [new NamedError('peer_name_taken', true), 409],
    [new NamedError('unauthorized'), 401],
    [new NamedError('metadata_too_large'), 413],
    [new NamedError('no_tracker', true), 503],
    [new NamedError('path_invalid'), 400],
    [new NamedError('special'), 418],
  ])('answers %s with %d and the report', async (error, status) => {
    next = error;
    const { statusCode, body } = await get('/fail');
    expect(statusCode).toBe(status);
    const { code, message, action, retryable } = error;
    expect(JSON.parse(body)).toEqual({ code, message, action, retryable });
  });

  it('keeps a bug to its own log', async () => {
    next = new TypeError('secret detail');
    const { statusCode, body } = await get('/fail');
    expect(statusCode).toBe(500);
    expect(JSON.parse(body)).toMatchObject({ code: 'internal' });
    expect(body).not.toContain('secret detail');
    expect(logged.at(-1)?.error).toBe(next);
  });

  it('gives errors of the framework the same form', async () => {
    next = new BadRequestException('Not like this');
    expect(JSON.parse((await get('/fail')).body)).toMatchObject({ code: 'request_invalid', message: 'Not like this' });
    expect(JSON.parse((await get('/nowhere')).body)).toMatchObject({ code: 'route_unknown' });
  });

  it.each([
    ['{"broken', 'application/json', 400, 'request_invalid'],
    ['"'.padEnd(200, 'x'), 'application/json', 413, 'request_too_large'],
    ['<a/>', 'application/xml', 415, 'media_type_unsupported'],
  ])('refuses the body %j of type %s', async (payload, type, status, code) => {
    const { statusCode, body } = await app.inject({
      method: 'POST',
      url: '/fail',
      payload,
      headers: { 'content-type': type },
    });
    expect(statusCode).toBe(status);
    expect(JSON.parse(body)).toMatchObject({ code, retryable: false });
  });
});
