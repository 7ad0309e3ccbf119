import { EventEmitter } from 'node:events';
import { ManualClock, PanalError, silentLogger } from '@panal/runtime';
import { STOP_TIMEOUT_MS } from './limits.js';
import { type RunningServer, runServer } from './run-server.js';
import type { ServerMessage, ServerProcess } from './server-process.js';

class FakeProcess extends EventEmitter implements ServerProcess {
  readonly sent: ServerMessage[] = [];
  readonly exitCodes: number[] = [];
  errorText = '';
  readonly stderr = { write: (text: string) => void (this.errorText += text) };
  send?: ServerProcess['send'];

  constructor({ hasParent = false } = {}) {
    super();
    if (!hasParent) return;
    this.send = (message, callback) => {
      this.sent.push(message);
      callback(null);
    };
  }

  exit(code: number): void {
    this.exitCodes.push(code);
  }
}

class PortBusyError extends PanalError {
  constructor() {
    super({ code: 'port_taken', message: 'It is taken.', action: 'Take another.', retryable: false });
  }
}

const addresses = { rpc: '127.0.0.1:5555', url: 'http://127.0.0.1:5556', name: 't1' };
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('runServer', () => {
  const make = (
    changes: {
      hasParent?: boolean;
      close?: () => Promise<void>;
      start?: () => Promise<RunningServer>;
      failed?: Promise<Error>;
    } = {},
  ) => {
    const process = new FakeProcess(changes);
    const timers = new ManualClock();
    let closeCount = 0;
    const close = async (): Promise<void> => {
      closeCount += 1;
      await changes.close?.();
    };
    const { failed = new Promise<never>(() => undefined) } = changes;
    const start = changes.start ?? (async () => ({ addresses, logger: silentLogger, failed, close }));
    const ended = runServer({ start, timers, process });
    return { process, timers, ended, closeCount: () => closeCount };
  };

  it.each(['SIGTERM', 'SIGINT'])('stops in order at %s', async (signal) => {
    const { process, ended, closeCount } = make();
    await settle();
    expect(closeCount()).toBe(0);
    process.emit(signal);
    await ended;
    expect(closeCount()).toBe(1);
    expect(process.exitCodes).toEqual([0]);
    expect(process.eventNames()).toEqual([]);
  });

  it('stops after the start when the signal comes during it', async () => {
    let finish: (server: RunningServer) => void = () => undefined;
    const start = () => new Promise<RunningServer>((resolve) => (finish = resolve));
    const { process, ended } = make({ start });
    process.emit('SIGTERM');
    finish({ addresses, logger: silentLogger, close: () => Promise.resolve() });
    await ended;
    expect(process.exitCodes).toEqual([0]);
  });

  it('ends at once at the second signal', async () => {
    const { process } = make({ close: () => new Promise(() => undefined) });
    await settle();
    process.emit('SIGINT');
    await settle();
    expect(process.exitCodes).toEqual([]);
    process.emit('SIGINT');
    expect(process.exitCodes).toEqual([130]);
  });

  it('goes on after an error that nobody caught when its server says that nothing was harmed', async () => {
    const harmless = new Error('of a plugin');
    const contains = (error: unknown) => error === harmless;
    const start = async () => ({ addresses, logger: silentLogger, contains, close: () => Promise.resolve() });
    const { process, ended } = make({ start });
    await settle();
    process.emit('uncaughtException', harmless);
    process.emit('unhandledRejection', harmless);
    await settle();
    expect(process.exitCodes).toEqual([]);
    process.emit('uncaughtException', new Error('of the host'));
    await ended;
    expect(process.exitCodes).toEqual([1]);
  });

  it('does not wait for a stop that hangs', async () => {
    const { process, timers } = make({ close: () => new Promise(() => undefined) });
    await settle();
    process.emit('SIGTERM');
    await settle();
    timers.advance(STOP_TIMEOUT_MS);
    expect(process.exitCodes).toEqual([1]);
  });

  it('tells its parent where it is, and stops when the parent goes', async () => {
    const { process, ended } = make({ hasParent: true });
    await settle();
    expect(process.sent).toEqual([{ kind: 'ready', ...addresses }]);
    process.emit('disconnect');
    await ended;
    expect(process.exitCodes).toEqual([0]);
  });

  it('tells its parent, and whoever reads the terminal, why it cannot start', async () => {
    const { process, ended } = make({ hasParent: true, start: () => Promise.reject(new PortBusyError()) });
    await ended;
    const report = { code: 'port_taken', message: 'It is taken.', action: 'Take another.', retryable: false };
    expect(process.sent).toEqual([{ kind: 'failed', report }]);
    expect(process.errorText).toBe('panal: It is taken.\nTake another.\n');
    expect(process.exitCodes).toEqual([1]);
  });

  it('shows the stack of a start that failed by a bug', async () => {
    const { process, ended } = make({ start: () => Promise.reject(new TypeError('x is not a function')) });
    await ended;
    expect(process.errorText).toContain('TypeError: x is not a function');
    expect(process.exitCodes).toEqual([1]);
  });

  it('stops with an error after a bug', async () => {
    const { process, ended, closeCount } = make();
    await settle();
    process.emit('uncaughtException', new Error('bug'));
    await ended;
    expect(closeCount()).toBe(1);
    expect(process.exitCodes).toEqual([1]);
  });

  it('stops in order when the server cannot go on, and says why', async () => {
    let fail: (error: Error) => void = () => undefined;
    const failed = new Promise<Error>((resolve) => (fail = resolve));
    const { process, ended, closeCount } = make({ hasParent: true, failed });
    await settle();
    expect(closeCount()).toBe(0);
    fail(new PortBusyError());
    await ended;
    expect(closeCount()).toBe(1);
    expect(process.errorText).toBe('panal: It is taken.\nTake another.\n');
    expect(process.sent.at(-1)).toMatchObject({ kind: 'failed', report: { code: 'port_taken' } });
    expect(process.exitCodes).toEqual([1]);
    expect(process.eventNames()).toEqual([]);
  });

  it('counts the first reason: a server told to stop does not fail any more', async () => {
    let fail: (error: Error) => void = () => undefined;
    const failed = new Promise<Error>((resolve) => (fail = resolve));
    const { process, ended } = make({ failed });
    await settle();
    process.emit('SIGTERM');
    fail(new PortBusyError());
    await ended;
    expect(process.errorText).toBe('');
    expect(process.exitCodes).toEqual([0]);
  });

  it('does nothing when there is nothing to run', async () => {
    const process = new FakeProcess();
    await runServer({ start: () => Promise.resolve(undefined), timers: new ManualClock(), process });
    expect(process.exitCodes).toEqual([]);
    expect(process.eventNames()).toEqual([]);
  });
});
