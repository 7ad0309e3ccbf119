import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { formatClusterKey, makeClusterKey } from '@panal/access';
import { type RunningServer, SystemRandom } from '@panal/nest';
import { readPeerConfig } from './config.js';
import { startPeer } from './peer-server.js';

describe('startPeer', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'panal-peer-'));
    await writeFile(path.join(folder, 'cluster.key'), formatClusterKey(makeClusterKey(new SystemRandom())), {
      mode: 0o600,
    });
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function start(...flags: string[]): Promise<RunningServer> {
    const config = readPeerConfig(['--listen', '127.0.0.1:0', '--api', '127.0.0.1:0', '--data', folder, ...flags]);
    if (config === undefined) throw new Error('that was a call for help');
    return startPeer({ ...config, keyFile: path.join(folder, 'cluster.key'), logLevel: 'error' });
  }

  const tokenText = async (): Promise<string> => (await readFile(path.join(folder, 'api-token'), 'utf8')).trim();

  it('says which labels it was given', async () => {
    const peer = await start('--label', 'zone=a', '--label', 'disk=');
    const headers = { authorization: `Bearer ${await tokenText()}` };
    const response = await fetch(`${peer.addresses.url}/api/v1/peer`, { headers });
    const status = await response.json();
    await peer.close();
    expect(status).toMatchObject({ labels: { zone: 'a', disk: '' } });
  });

  it('stops while somebody is in the middle of a request', async () => {
    const peer = await start();
    const { hostname, port } = new URL(peer.addresses.url);
    const client = connect(Number(port), hostname);
    client.on('error', () => undefined);
    const token = await tokenText();
    const head = [
      'POST /api/v1/shares HTTP/1.1',
      `host: ${hostname}`,
      `authorization: Bearer ${token}`,
      'content-type: application/json',
      'content-length: 1000',
      'expect: 100-continue',
    ];
    client.write(`${head.join('\r\n')}\r\n\r\n`);
    // "100 Continue": from here on the peer waits for a body that never comes.
    await once(client, 'data');
    const closed = once(client, 'close');
    await peer.close();
    await closed;
    expect(client.destroyed).toBe(true);
  });
});
