import {
  type CanActivate,
  Controller,
  ForbiddenException,
  Get,
  Global,
  Inject,
  Injectable,
  Module,
  type OnModuleDestroy,
  type OnModuleInit,
  type Type,
} from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { PLUGIN_CONTEXT, type PluginContext, type PluginServer } from '@panal/plugin-api';
import { PanalError, silentLogger } from '@panal/runtime';
import { DtoPipe, RpcErrorFilter, TcpRpcClient, TcpRpcServer } from '@panal/transport-tcp';
import { HybridClock } from '@panal/wire';
import { IsInt } from 'class-validator';
import { of, throwError } from 'rxjs';
import { HttpErrorFilter } from '../http-error.filter.js';
import { MetricsModule } from '../metrics.module.js';
import { SystemClock, SystemTimers } from '../system-clock.js';
import { SystemRandom } from '../system-random.js';
import type { PluginHost } from './plugin-host.js';
import { PLUGIN_CALL_MS, PLUGIN_CALLS_MAX, PLUGIN_START_MS, PLUGIN_STOP_MS } from './plugin-limits.js';
import { makeHost } from './plugins.fixture.js';

const identity = { role: 'tracker', cluster: 'c', principal: 'tracker:t1' } as const;
const secret = Buffer.alloc(32, 3);
const ports = {
  clock: new SystemClock(),
  timers: new SystemTimers(),
  random: new SystemRandom(),
  hybridClock: new HybridClock(),
};
const never = new Promise<never>(() => undefined);
const opened: { close(): Promise<unknown> }[] = [];

class CountMessage {
  @IsInt()
  readonly by!: number;
}

class MeantError extends PanalError {
  constructor() {
    super({ code: 'too_many', message: 'Too many.', action: 'Ask for fewer.', retryable: false });
  }
}

const cyclic: Record<string, unknown> = {};
cyclic.self = cyclic;

/** What the handlers do next. */
let act: () => unknown = () => undefined;

/** What the only plugin of a host is given. */
function contextOf(host: PluginHost): PluginContext {
  const [provider] = host.modules({}).flatMap(({ providers }) => providers ?? []);
  return (provider as { readonly useValue: PluginContext }).useValue;
}

async function makeApp(host: PluginHost, guard?: CanActivate) {
  @Module({ imports: [MetricsModule, ...host.modules({})] })
  class HostModule {}
  const app = await NestFactory.create<NestFastifyApplication>(HostModule, new FastifyAdapter(), {
    logger: false,
    abortOnError: false,
  });
  opened.push(app);
  host.enter(app, guard);
  app.useGlobalFilters(
    new HttpErrorFilter({ logger: silentLogger, statusByCode: { plugin_failed: 502, plugin_timeout: 504 } }),
  );
  return app;
}

afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close();
});

describe('message handlers of a plugin', () => {
  async function serve() {
    @Controller()
    class CountController {
      readonly #factor = 2;

      @MessagePattern('plugin.mine.count')
      count(@Payload() { by }: CountMessage): unknown {
        return act() ?? by * this.#factor;
      }
    }
    @Module({ controllers: [CountController] })
    class CountModule {}
    const made = makeHost([{ name: 'mine', module: { tracker: CountModule } }]);
    const app = await makeApp(made.host);
    const strategy = new TcpRpcServer({
      listen: { host: '127.0.0.1', port: 0 },
      identity,
      secret,
      ports,
      logger: silentLogger,
    });
    const microservice = app.connectMicroservice({ strategy }, { deferInitialization: true });
    microservice.useGlobalPipes(new DtoPipe()).useGlobalFilters(new RpcErrorFilter());
    await app.startAllMicroservices();
    const client = new TcpRpcClient({
      address: strategy.address,
      identity: { ...identity, role: 'peer', principal: 'peer:p1' },
      secret,
      ports,
    });
    opened.push(client);
    return { ...made, call: (data: unknown) => client.call('plugin.mine.count', data) };
  }

  it('answer, and take only what their DTO says', async () => {
    act = () => undefined;
    const { call, host } = await serve();
    expect(await call({ by: 21, extra: 1 })).toBe(42);
    await expect(call({ by: 'many' })).rejects.toMatchObject({ code: 'message_invalid' });
    expect(host.health()[0]?.state).toBe('ok');
  });

  it.each<[string, () => unknown]>([
    [
      'throw',
      () => {
        throw new TypeError('x is undefined');
      },
    ],
    ['reject', () => Promise.reject(new Error('no database'))],
    ['answer with what cannot be sent', () => cyclic],
    ['answer with a stream that fails', () => throwError(() => new Error('cut'))],
  ])('that %s fail with the name of the plugin, and nothing of what was inside', async (_how, action) => {
    act = action;
    const { call, host, lines } = await serve();
    const error = await call({ by: 1 }).then(
      () => undefined,
      (reason: PanalError) => reason,
    );
    expect(error).toMatchObject({
      code: 'plugin_failed',
      message: expect.stringContaining('"mine" failed at plugin.mine.count'),
    });
    expect(error?.message).not.toMatch(/database|undefined|cut/);
    expect(host.health()[0]).toMatchObject({ state: 'degraded', faultCount: 1 });
    expect(lines.some(({ fields }) => fields.plugin === 'mine' && fields.error !== undefined)).toBe(true);
    act = () => undefined;
    expect(await call({ by: 2 })).toBe(4);
  });

  it('may refuse in words of their own, and that is no fault', async () => {
    act = () => {
      throw new MeantError();
    };
    const { call, host } = await serve();
    await expect(call({ by: 1 })).rejects.toMatchObject({ code: 'too_many', action: 'Ask for fewer.' });
    expect(host.health()[0]?.faultCount).toBe(0);
  });

  it('that hang are given up, and only so many of them are open at once', async () => {
    let begunCount = 0;
    act = () => {
      begunCount += 1;
      return never;
    };
    const { call, host, clock } = await serve();
    const asked = Array.from({ length: PLUGIN_CALLS_MAX + 1 }, () =>
      call({ by: 1 }).then(String, (reason: PanalError) => reason.code),
    );
    expect(await asked.at(-1)).toBe('plugin_busy');
    clock.advance(PLUGIN_CALL_MS);
    expect([begunCount, new Set(await Promise.all(asked.slice(0, -1)))]).toEqual([
      PLUGIN_CALLS_MAX,
      new Set(['plugin_timeout']),
    ]);
    expect(host.health()[0]).toMatchObject({
      state: 'degraded',
      lastFault: expect.stringContaining('did not answer in time'),
    });
  });

  it('may answer with a stream', async () => {
    act = () => of('only');
    const { call } = await serve();
    // Of a stream this client takes the first value.
    expect(await call({ by: 1 })).toBe('only');
  });
});

describe('routes of a plugin', () => {
  const guard = { canActivate: () => isLetIn };
  let isLetIn = true;

  async function serve() {
    @Controller('plugins/mine')
    class MineController {
      constructor(@Inject(PLUGIN_CONTEXT) readonly context: PluginContext) {}

      @Get('thing')
      thing(): unknown {
        return act();
      }
    }
    @Module({ controllers: [MineController] })
    class MineModule {}
    const made = makeHost([{ name: 'mine', module: { peer: MineModule } }], { server: 'peer' });
    const app = await makeApp(made.host, guard);
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
    const get = async (url: string) => {
      const { statusCode, body } = await app.inject({ method: 'GET', url });
      return { statusCode, body, json: (body.startsWith('{') ? JSON.parse(body) : {}) as Record<string, unknown> };
    };
    return { ...made, app, get };
  }

  it('answer behind the guard of the host', async () => {
    act = () => ({ thing: 1 });
    const { get } = await serve();
    isLetIn = false;
    expect((await get('/plugins/mine/thing')).statusCode).toBe(403);
    isLetIn = true;
    expect((await get('/plugins/mine/thing')).json).toEqual({ thing: 1 });
  });

  it.each<[string, () => unknown, number, string]>([
    [
      'throw',
      () => {
        throw new TypeError('secret detail');
      },
      502,
      'plugin_failed',
    ],
    ['answer with what is no JSON', () => ({ size: 1n }), 502, 'plugin_failed'],
    [
      'refuse',
      () => {
        throw new ForbiddenException('not you');
      },
      403,
      'forbidden',
    ],
  ])('that %s say so', async (_how, action, status, code) => {
    act = action;
    const { get } = await serve();
    const { statusCode, json, body } = await get('/plugins/mine/thing');
    expect([statusCode, json.code, body.includes('secret detail')]).toEqual([status, code, false]);
  });

  it('that hang are given up', async () => {
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    act = () => {
      begin();
      return never;
    };
    const { get, clock } = await serve();
    const answer = get('/plugins/mine/thing');
    await begun;
    clock.advance(PLUGIN_CALL_MS);
    expect(await answer).toMatchObject({ statusCode: 504, json: { code: 'plugin_timeout' } });
  });

  it('shows the metrics of plugins, and what one that fails does to them', async () => {
    const { host, get, app } = await serve();
    const context = contextOf(host);
    const { metrics } = context;
    metrics.counter({ name: 'things_total', help: 'Things.', labelNames: ['kind'] }).add(2, { kind: 'a' });
    metrics.gauge({
      name: 'broken',
      help: 'Broken.',
      read: () => {
        throw new Error('boom');
      },
    });
    metrics.gauge({ name: 'level', help: 'Level.', read: () => 7 });
    expect(() => metrics.gauge({ name: 'level', help: 'Again.' })).toThrow(
      'there is a metric panal_plugin_mine_level already',
    );
    expect(() => metrics.gauge({ name: 'Bad Name', help: 'Bad.' })).toThrow('"mine" failed at metrics.Bad Name');
    metrics.counter({ name: 'odd_total', help: 'Odd.' }).add(1, { unknown: 'label' });
    // A fault shows when it has happened: with the next look.
    expect((await get('/metrics')).body).toContain('panal_plugin_mine_broken Nan');
    const { body } = await get('/metrics');
    expect(body).toContain('panal_plugin_mine_things_total{kind="a"} 2');
    expect(body).toContain('panal_plugin_mine_level 7');
    expect(body).toContain('process_cpu_seconds_total');
    expect(body).toContain('panal_plugins_degraded{plugin="mine"} 1');
    expect(body).toContain('panal_plugins_faults_total{plugin="mine",place="metrics.broken",kind="error"} 1');
    expect(app).toBeDefined();
  });
});

describe('what no plugin may bring', () => {
  class Foreign {
    handle(): void {}
  }
  const withHandler = (pattern: unknown) => {
    @Controller()
    class Handling {
      @MessagePattern(pattern as string)
      handle(): void {}
    }
    return { controllers: [Handling] };
  };
  const withRoute = (path: string) => {
    @Controller(path)
    class Routed {
      @Get()
      handle(): void {}
    }
    return { controllers: [Routed] };
  };

  it.each<[string, PluginServer, object, string]>([
    [
      'a message of the host',
      'tracker',
      withHandler('tracker.peers.announce'),
      '"tracker.peers.announce"; its own are plugin.mine',
    ],
    ['a message of another plugin', 'tracker', withHandler('plugin.other.x'), 'plugin.other.x'],
    ['a message that no client can send', 'tracker', withHandler('plugin.mine.x.y'), 'plugin.mine.x.y'],
    ['a pattern that is an object', 'tracker', withHandler({ cmd: 'x' }), '{"cmd":"x"}'],
    ['messages in a peer', 'peer', withHandler('plugin.mine.x'), 'which takes none'],
    ['a route of the host', 'peer', withRoute('api/v1/torrents'), '"/api/v1/torrents"; its own'],
    ['a route of another plugin', 'peer', withRoute('plugins/mine-too'), '"/plugins/mine-too"'],
    ['a route at the root', 'peer', withRoute(''), '"/"'],
    ['routes in a tracker', 'tracker', withRoute('plugins/mine'), 'no API with a token'],
    [
      'a guard for everybody',
      'peer',
      { providers: [{ provide: APP_GUARD, useValue: { canActivate: () => true } }] },
      'APP_GUARD',
    ],
  ])('%s', async (_what, server, metadata, reason) => {
    class Inner {}
    Module(metadata)(Inner);
    class Outer {}
    // Below the plugin's own module, where the manifest does not show it.
    Module({ imports: [Inner] })(Outer);
    const { host } = makeHost([{ name: 'mine', module: { [server]: Outer } }], { server });
    await expect(makeApp(host)).rejects.toMatchObject({
      code: 'plugin_invalid',
      message: expect.stringContaining(reason),
    });
    expect(new Foreign().handle()).toBeUndefined();
  });

  it('a module for everybody, and middleware below its own module', async () => {
    class Everywhere {}
    Global()(Everywhere);
    Module({})(Everywhere);
    class Between {
      configure(): void {}
    }
    Module({})(Between);
    for (const [inner, reason] of [
      [Everywhere, '@Global()'],
      [Between, 'middleware'],
    ] as const) {
      class Outer {}
      Module({ imports: [inner] })(Outer);
      const { host } = makeHost([{ name: 'mine', module: { tracker: Outer } }]);
      await expect(makeApp(host)).rejects.toThrow(reason);
    }
  });
});

describe('hooks of a plugin', () => {
  const withHooks = (hooks: Partial<OnModuleInit & OnModuleDestroy>): Type<unknown> => {
    @Injectable()
    class Service {
      onModuleInit(): unknown {
        return hooks.onModuleInit?.();
      }
      onModuleDestroy(): unknown {
        return hooks.onModuleDestroy?.();
      }
    }
    @Module({ providers: [Service] })
    class ServiceModule {}
    return ServiceModule;
  };
  const start = async (hooks: Partial<OnModuleInit & OnModuleDestroy>) => {
    const made = makeHost([{ name: 'mine', module: { peer: withHooks(hooks) } }], { server: 'peer' });
    return { ...made, app: await makeApp(made.host) };
  };

  it('that fail at the start keep the server from starting, with the name of the plugin', async () => {
    const { app } = await start({
      onModuleInit: () => {
        throw new Error('no licence');
      },
    });
    await expect(app.init()).rejects.toMatchObject({
      code: 'plugin_failed',
      message: expect.stringContaining('"mine" failed at onModuleInit'),
    });
  });

  it('that hang at the start are given up', async () => {
    const { app, clock } = await start({ onModuleInit: () => never });
    const starting = app.init();
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(PLUGIN_START_MS);
    await expect(starting).rejects.toMatchObject({ code: 'plugin_timeout' });
  });

  it.each<[string, () => unknown]>([
    [
      'fail',
      () => {
        throw new Error('boom');
      },
    ],
    ['hang', () => never],
  ])('that %s at the stop hold nobody up', async (_how, hook) => {
    const { app, host, clock } = await start({ onModuleDestroy: hook as () => void });
    await app.init();
    const closing = opened.splice(0).map((each) => each.close());
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(PLUGIN_STOP_MS);
    await Promise.all(closing);
    expect(host.health()[0]?.faultCount).toBe(1);
  });
});

describe('what a plugin does by itself', () => {
  it('is noted when a timer of its context fails, and harms nobody', async () => {
    const { host, clock } = makeHost([{ name: 'mine', module: { tracker: class {} } }]);
    const context = contextOf(host);
    const { timers, audit } = context;
    timers.after(10, () => {
      throw new Error('boom');
    });
    // As a plugin may write it: an async callback is a callback, to TypeScript.
    timers.after(10, (() => Promise.reject(new Error('late'))) as () => void);
    clock.advance(10);
    await new Promise((resolve) => setImmediate(resolve));
    expect(host.health()[0]?.faultCount).toBe(2);
    expect(() => audit.record({ action: 'Not A Name', outcome: 'done' })).toThrow('"mine" failed at audit');
  });

  it('comes to the sink of audit events with its name', async () => {
    const { host, lines } = makeHost([{ name: 'mine', module: { tracker: class {} } }]);
    const context = contextOf(host);
    expect(context.audit.record({ action: 'policy.changed', outcome: 'done', fields: { to: 'near' } })).toBe(true);
    await host.close();
    expect(lines).toEqual([
      {
        message: 'Audit',
        fields: {
          audit: expect.objectContaining({
            plugin: 'mine',
            server: 't1',
            action: 'policy.changed',
            fields: { to: 'near' },
          }),
        },
      },
    ]);
  });

  it('keeps events for a sink of a plugin that hangs', async () => {
    let appendCount = 0;
    const sink = {
      append: () => {
        appendCount += 1;
        return appendCount === 1 ? never : Promise.resolve();
      },
    };
    const { host, clock } = makeHost([
      { name: 'mine', contributes: { auditSink: () => sink }, module: { tracker: class {} } },
    ]);
    const context = contextOf(host);
    context.audit.record({ action: 'a', outcome: 'done' });
    clock.advance(PLUGIN_CALL_MS);
    await new Promise((resolve) => setImmediate(resolve));
    expect(host.health()[0]).toMatchObject({ state: 'degraded', faultCount: 1 });
    await host.close();
    expect(appendCount).toBe(2);
  });
});
