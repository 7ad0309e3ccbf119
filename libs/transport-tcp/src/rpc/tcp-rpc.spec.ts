import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import { PanalError, ReportedError } from '@panal/runtime';
import { IsInt, IsString, MaxLength, Min } from 'class-validator';
import { firstValueFrom, from, lastValueFrom, Observable, of, toArray } from 'rxjs';
import { PatternInvalidError, RpcAbortedError, RpcBusyError, RpcTimeoutError } from '../errors.js';
import { failureOf, RpcBed, until } from './rpc-bed.fixture.js';
import { RpcContext } from './rpc-context.js';
import type { TcpRpcClient } from './tcp-rpc-client.js';
import type { TcpRpcServer } from './tcp-rpc-server.js';

class Greeting {
  @IsString()
  @MaxLength(10)
  name!: string;

  @IsInt()
  @Min(0)
  age = 1;
}

class SoldOutError extends PanalError {
  constructor() {
    super({ code: 'sold_out', message: 'No honey is left.', action: 'Come back in spring.', retryable: true });
  }
}

const events: unknown[] = [];
let endedStreamCount = 0;
let heldCount = 0;

@Controller()
class BeeController {
  @MessagePattern('bee.hive.echo')
  echo(@Payload() data: Uint8Array): Uint8Array {
    return data;
  }

  @MessagePattern('bee.hive.greet')
  async greet(@Payload() greeting: Greeting): Promise<Greeting> {
    return greeting;
  }

  @MessagePattern('bee.hive.square')
  square(@Payload() value: number): number {
    return value * value;
  }

  @MessagePattern('bee.hive.whoami')
  whoami(@Ctx() context: RpcContext): unknown {
    const { principal, role, remoteHost, version, pattern, stamp } = context;
    return { principal, role, remoteHost, version, pattern, stamp };
  }

  @MessagePattern('bee.hive.soldout')
  soldOut(): never {
    throw new SoldOutError();
  }

  @MessagePattern('bee.hive.refuse')
  refuse(): never {
    throw new RpcException('Not on Sundays.');
  }

  @MessagePattern('bee.hive.crash')
  crash(): never {
    throw Object.assign(new Error('open /etc/secret'), { code: 'ENOENT' });
  }

  @MessagePattern('bee.hive.unsendable')
  unsendable(): unknown {
    return { big: 10n ** 30n };
  }

  @MessagePattern('bee.hive.nothing')
  nothing(): void {}

  @MessagePattern('bee.hive.hold')
  hold(): Promise<never> {
    heldCount += 1;
    return new Promise(() => undefined);
  }

  @MessagePattern('bee.hive.count')
  count(@Payload() countMax: number): Observable<number> {
    return from(Array.from({ length: countMax }, (_, index) => index));
  }

  @MessagePattern('bee.hive.endless')
  endless(): Observable<number> {
    return new Observable((subscriber) => {
      subscriber.next(1);
      return () => {
        endedStreamCount += 1;
      };
    });
  }

  @MessagePattern('bee.hive.brokenstream')
  brokenStream(): Observable<unknown> {
    return of(1, 2, 10n ** 30n, 4);
  }

  @EventPattern('bee.hive.sting')
  sting(@Payload() greeting: Greeting): void {
    events.push(greeting);
  }
}

describe.each([
  ['by Nest', false],
  ['directly', true],
])('RPC over TCP, handlers called %s', (_, isDirect) => {
  const bed = new RpcBed();
  let server: TcpRpcServer;
  let client: TcpRpcClient;

  beforeAll(async () => {
    events.length = 0;
    heldCount = 0;
    endedStreamCount = 0;
    server = await bed.serve(BeeController, { isDirect });
    client = bed.client(server.address);
  });
  afterAll(() => bed.end());

  it('gives a request to its handler and the result to the caller', async () => {
    expect(await client.call('bee.hive.square', 12)).toBe(144);
    expect(await client.call('bee.hive.greet', { name: 'Maya', age: 3 })).toEqual({ name: 'Maya', age: 3 });
    expect(await client.call('bee.hive.nothing', null)).toBeUndefined();
  });

  it('carries bytes as they are, up to a megabyte and more', async () => {
    for (const sizeBytes of [0, 1, 5_000, 1_500_000]) {
      const bytes = Buffer.alloc(sizeBytes, sizeBytes % 251);
      const back = await client.call<Uint8Array>('bee.hive.echo', bytes);
      expect(bytes.equals(back)).toBe(true);
    }
  });

  it('answers many requests in flight, each with its own answer', async () => {
    const values = Array.from({ length: 1_000 }, (_, index) => index);
    const squares = await Promise.all(values.map((value) => client.call('bee.hive.square', value)));
    expect(squares).toEqual(values.map((value) => value * value));
  });

  it('tells the handler who asks, from where and when', async () => {
    const seen = await client.call<Record<string, unknown>>('bee.hive.whoami', {});
    expect(seen).toMatchObject({ principal: 'peer:ada', role: 'peer', remoteHost: '127.0.0.1', version: 3 });
    expect(seen.pattern).toBe('bee.hive.whoami');
    const stamp = seen.stamp as { timestampMs: number; clock: number };
    expect(Math.abs(stamp.timestampMs - Date.now())).toBeLessThan(10_000);
    expect(stamp.clock).toBeGreaterThan(0);
  });

  it('drops unknown fields, keeps defaults and names the fields that break a rule', async () => {
    expect(await client.call('bee.hive.greet', { name: 'Maya', isQueen: true })).toEqual({ name: 'Maya', age: 1 });
    const failure = await failureOf(client.call('bee.hive.greet', { name: 7, age: -1 }));
    expect(failure).toBeInstanceOf(ReportedError);
    expect(failure).toMatchObject({ code: 'message_invalid', retryable: false });
    expect((failure as Error).message).toMatch(/name: .*age: /);
  });

  it('hands an error of Panal to the caller as it is', async () => {
    const failure = await failureOf(client.call('bee.hive.soldout', {}));
    expect(failure).toBeInstanceOf(ReportedError);
    expect(failure).toMatchObject({
      code: 'sold_out',
      message: 'No honey is left.',
      action: 'Come back in spring.',
      retryable: true,
    });
  });

  it('hands the text of an RpcException to the caller', async () => {
    expect(await failureOf(client.call('bee.hive.refuse', {}))).toMatchObject({
      code: 'rpc_refused',
      message: 'Not on Sundays.',
    });
  });

  it.each(['crash', 'unsendable'])('reports %s as internal, and its cause only to the log', async (command) => {
    const before = bed.logger.messages('error').length;
    const failure = await failureOf(client.call(`bee.hive.${command}`, {}));
    expect(failure).toMatchObject({ code: 'internal' });
    expect((failure as Error).message).not.toContain('secret');
    expect(bed.logger.messages('error')).toHaveLength(before + 1);
  });

  it('says which command it does not know', async () => {
    const failure = await failureOf(client.call('bee.hive.fly', {}));
    expect(failure).toMatchObject({ code: 'rpc_unknown_command', retryable: false });
    expect((failure as Error).message).toContain('bee.hive.fly');
  });

  it('refuses to send what is no pattern or no message, and goes on', async () => {
    expect(await failureOf(client.call('no pattern', {}))).toBeInstanceOf(PatternInvalidError);
    expect(await failureOf(client.call('bee.hive.echo', 10n ** 30n))).toMatchObject({ code: 'body_unencodable' });
    expect(await client.call('bee.hive.square', 2)).toBe(4);
  });

  it('streams the values of an Observable', async () => {
    const values = await lastValueFrom(client.send<number>('bee.hive.count', 500).pipe(toArray()));
    expect(values).toEqual(Array.from({ length: 500 }, (_, index) => index));
  });

  it('ends a stream whose values cannot be sent with an error', async () => {
    const failure = await failureOf(lastValueFrom(client.send('bee.hive.brokenstream', {})));
    expect(failure).toMatchObject({ code: 'internal' });
  });

  it('ends a stream at the server when nobody listens any more', async () => {
    const before = endedStreamCount;
    expect(await firstValueFrom(client.send<number>('bee.hive.endless', {}))).toBe(1);
    await until(() => endedStreamCount === before + 1);
    expect(await client.call('bee.hive.endless', {})).toBe(1);
    await until(() => endedStreamCount === before + 2);
  });

  it('streams over the connection there is, calls back for each value, and tells the server that it was enough', async () => {
    const ends: (Error | undefined)[] = [];
    const values: unknown[] = [];
    const events = { onValue: (value: unknown) => values.push(value), onEnd: (error?: Error) => ends.push(error) };
    await client.connect();
    client.stream('bee.hive.count', 3, events);
    await until(() => ends.length === 1);
    expect([values, ends]).toEqual([[0, 1, 2], [undefined]]);
    const before = endedStreamCount;
    const end = client.stream('bee.hive.endless', {}, events);
    await until(() => values.length === 4);
    end();
    await until(() => endedStreamCount === before + 1);
    client.stream('bee.hive.fly', {}, events);
    await until(() => ends.length === 2);
    expect(ends[1]).toMatchObject({ code: 'rpc_unknown_command' });
    const idle = bed.client(client.address);
    idle.stream('bee.hive.endless', {}, events);
    expect(ends[2]).toMatchObject({ code: 'rpc_client_closed' });
    await idle.connect();
    idle.stream('bee.hive.endless', {}, events);
    await idle.close();
    expect(ends).toHaveLength(4);
  });

  it('answers the send of a ClientProxy, errors too', async () => {
    expect(await firstValueFrom(client.send('bee.hive.square', 5))).toBe(25);
    expect(await failureOf(firstValueFrom(client.send('bee.hive.soldout', {})))).toMatchObject({ code: 'sold_out' });
    expect(await failureOf(firstValueFrom(client.send('Not.A.Pattern', {})))).toMatchObject({
      code: 'pattern_invalid',
    });
  });

  it('delivers an event, and drops one that is not valid or not known without harm', async () => {
    await lastValueFrom(client.emit('bee.hive.sting', { name: 'Willi' }), { defaultValue: undefined });
    await until(() => events.length === 1);
    expect(events[0]).toEqual({ name: 'Willi', age: 1 });
    await lastValueFrom(client.emit('bee.hive.sting', { name: 1 }), { defaultValue: undefined });
    await lastValueFrom(client.emit('bee.hive.nosuch', {}), { defaultValue: undefined });
    expect(await client.call('bee.hive.square', 3)).toBe(9);
    await until(() => bed.logger.messages('warn').includes('An event was dropped.'));
    await until(() => bed.logger.messages('error').includes('An event handler failed.'));
    expect(events).toHaveLength(1);
  });

  it('gives up a call at its time limit', async () => {
    const failure = await failureOf(client.call('bee.hive.hold', {}, { timeoutMs: 20 }));
    expect(failure).toBeInstanceOf(RpcTimeoutError);
    expect(failure).toMatchObject({ code: 'rpc_timeout', retryable: true, pattern: 'bee.hive.hold', timeoutMs: 20 });
  });

  it('gives up a call when its signal aborts, before or during it', async () => {
    expect(await failureOf(client.call('bee.hive.square', 1, { signal: AbortSignal.abort() }))).toBeInstanceOf(
      RpcAbortedError,
    );
    const abort = new AbortController();
    const before = heldCount;
    const failure = failureOf(client.call('bee.hive.hold', {}, { signal: abort.signal }));
    await until(() => heldCount === before + 1);
    abort.abort();
    expect(await failure).toMatchObject({ code: 'rpc_aborted' });
  });

  it('refuses calls beyond what may be in flight, on either side', async () => {
    const small = bed.client(server.address, { limits: { inFlightMax: 2 } });
    const calls = [1, 2].map((value) => small.call('bee.hive.square', value));
    expect(await failureOf(small.call('bee.hive.square', 3))).toBeInstanceOf(RpcBusyError);
    expect(await Promise.all(calls)).toEqual([1, 4]);

    const strict = await bed.serve(BeeController, { limits: { inFlightMax: 2 } });
    const eager = bed.client(strict.address);
    const held = [1, 2].map(() => failureOf(eager.call('bee.hive.hold', {})));
    expect(await failureOf(eager.call('bee.hive.square', 3))).toMatchObject({ code: 'rpc_busy', retryable: true });
    await eager.close();
    expect(await Promise.all(held)).toMatchObject([{ code: 'rpc_client_closed' }, { code: 'rpc_client_closed' }]);
    await strict.close();
  });

  it('moves the clock of the server past the stamps of its clients', async () => {
    const first = await client.call<{ stamp: { clock: number } }>('bee.hive.whoami', {});
    const second = await client.call<{ stamp: { clock: number } }>('bee.hive.whoami', {});
    expect(second.stamp.clock).toBeGreaterThan(first.stamp.clock);
  });
});
