import { type AddressInfo, createServer } from 'node:net';
import { NetDialback } from './net-dialback.js';

describe('NetDialback', () => {
  const dial = (host: string, port: number) => new NetDialback().dial({ host, port }, 2_000);

  it('tells an open port from one where nobody listens', async () => {
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address() as AddressInfo;
    expect(await dial('127.0.0.1', port)).toBe('reachable');
    await new Promise((resolve) => {
      server.close(resolve);
    });
    expect(await dial('127.0.0.1', port)).toBe('refused');
  });

  it('draws no conclusion from a host it cannot find', async () => {
    expect(await dial('no-such-host.invalid', 5550)).toBe('unreachable');
  });
});
