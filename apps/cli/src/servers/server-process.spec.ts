import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ServerStartError } from '../errors.js';
import { identify, isSameProcess } from './process-identity.js';
import { ServerProcess } from './server-process.js';

const READY = "process.send({ kind: 'ready', name: 'x', url: 'http://127.0.0.1:1', data: '127.0.0.1:2' });";

describe('ServerProcess', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'panal-server-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const start = async (script: string, signal = new AbortController().signal) => {
    const entry = path.join(folder, 'server.mjs');
    await writeFile(entry, script);
    return ServerProcess.start({ name: 'p1', entry, args: [], logFile: path.join(folder, 'logs/p1.log') }, signal);
  };

  it('waits until the server says where it serves, and stops it', async () => {
    const [server, ready] = await start(
      `${READY} process.on('SIGTERM', () => process.exit(0)); setInterval(() => 0, 1000);`,
    );
    expect(ready).toMatchObject({ name: 'x', data: '127.0.0.1:2' });
    const identity = await identify(server.pid);
    expect(identity).toBeDefined();
    expect(await server.stop()).toBe('stopped');
    expect(identity !== undefined && (await isSameProcess(identity))).toBe(false);
    expect(await server.stop()).toBe('stopped');
  });

  it('kills a server that does not stop in time', async () => {
    const [server] = await start(`process.on('SIGTERM', () => 0); ${READY} setInterval(() => 0, 1000);`);
    expect(await server.stop(50)).toBe('killed');
    expect((await server.exited).signal).toBe('SIGKILL');
  });

  it("passes on the server's own reason not to start", async () => {
    const report = "{ code: 'port_taken', message: 'Taken.', action: 'Take another.', retryable: true }";
    const started = start(`process.send({ kind: 'failed', report: ${report} }, () => process.exit(1));`);
    await expect(started).rejects.toMatchObject({
      code: 'port_taken',
      message: 'p1 did not start: Taken.',
      action: 'Take another.',
    });
  });

  it('shows the end of the log of a server that ends without a reason', async () => {
    const started = start("console.error('first'); console.error('it is broken'); process.exit(3);");
    await expect(started).rejects.toThrow(ServerStartError);
    await expect(started).rejects.toThrow('p1 ended at once (exit code 3).\n  first\n  it is broken');
  });

  it('leaves nothing behind when the wait is given up', async () => {
    const abort = new AbortController();
    const reason = new Error('enough');
    const pidFile = path.join(folder, 'pid');
    const script = `(await import('node:fs')).writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); setInterval(() => 0, 1000);`;
    const started = start(script, abort.signal);
    setTimeout(() => abort.abort(reason), 300);
    await expect(started).rejects.toBe(reason);
  });
});
