import { PanalError } from '@panal/runtime';
import { NestLogger } from './nest-logger.js';
import { type LogLevel, PinoLogger } from './pino-logger.js';

class ExampleError extends PanalError {
  constructor(cause?: unknown) {
    super({ code: 'example', message: 'What happened.', action: 'What to do.', retryable: true, cause });
  }
}

describe('PinoLogger', () => {
  const make = (level: LogLevel = 'debug') => {
    const lines: Record<string, unknown>[] = [];
    const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
    return { lines, logger: new PinoLogger({ level, component: 'tracker', destination }) };
  };

  it('writes one JSON object a line, with the level as a word', () => {
    const { lines, logger } = make();
    logger.info('Peer announced', { peer: 'p1' });
    expect(lines).toEqual([
      {
        level: 'info',
        time: expect.any(String) as string,
        component: 'tracker',
        peer: 'p1',
        message: 'Peer announced',
      },
    ]);
    expect(new Date(lines[0]?.time as string).toISOString()).toBe(lines[0]?.time);
  });

  it.each([
    ['debug', 4],
    ['info', 3],
    ['warn', 2],
    ['error', 1],
    ['silent', 0],
  ] as const)('at level %s writes %d of the four', (level, count) => {
    const { lines, logger } = make(level);
    for (const method of ['debug', 'info', 'warn', 'error'] as const) logger[method]('x');
    expect(lines).toHaveLength(count);
  });

  it('hides what is secret, whoever passes it', () => {
    const { lines, logger } = make();
    logger.info('x', { token: 'hunter2', headers: { authorization: 'hunter2' }, config: { key: 'hunter2' } });
    expect(JSON.stringify(lines)).not.toContain('hunter2');
  });

  it('tells an error by its code, and a bug by its stack', () => {
    const { lines, logger } = make();
    logger.warn('x', { error: new ExampleError(new TypeError('inner')) });
    logger.error('y', { error: new TypeError('outer') });
    expect(lines[0]?.error).toMatchObject({ code: 'example', action: 'What to do.', cause: { name: 'TypeError' } });
    expect(lines[1]?.error).toMatchObject({
      message: 'outer',
      stack: expect.stringContaining('pino-logger') as string,
    });
  });

  it("carries Nest's lines: how it wires itself up only when debugging", () => {
    const { lines, logger } = make('info');
    const nest = new NestLogger(logger);
    nest.log('Nest application successfully started', 'NestApplication');
    nest.warn('Something is odd', 'Router');
    nest.error('It broke', 'the stack', 'ExceptionsHandler');
    expect(lines).toMatchObject([
      { level: 'warn', detail: 'Something is odd', context: 'Router' },
      { level: 'error', detail: 'It broke', stack: 'the stack', context: 'ExceptionsHandler' },
    ]);
  });
});
