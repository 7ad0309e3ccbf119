import { connect, type Socket } from 'node:net';
import { type HostPort, ManualClock, SeededRandom, silentLogger } from '@panal/runtime';
import { Bitfield, ChunkGeometry } from '@panal/torrent';
import {
  type Access,
  type ClientCredentials,
  CredentialFault,
  MEMBER_ACCESS,
  plainSecret,
  type ServerCredentials,
} from '@panal/wire';
import { REFUSALS_MAX } from '../limits.js';
import { bedPorts, realTimers } from '../rpc/rpc-bed.fixture.js';
import { BlockSlots } from './block-slots.js';
import { DataDialer } from './data-dialer.js';
import { DataServer } from './data-server.js';
import { DialedConnections } from './dialed-connections.js';
import { MetadataDialer } from './metadata-dialer.js';
import type { OfferedContent } from './offered-content.js';

const hash = Buffer.alloc(32, 1);
const secret = Buffer.alloc(32, 2);
const peerId = Buffer.alloc(16, 3);
const file = { path: ['x'], sizeBytes: 10, isExecutable: false, isPadding: false };
const geometry = new ChunkGeometry({ format: 'v2', chunkSizeBytes: 256 * 1024, files: [file] });
const bearer: Access = { role: 'peer', keyId: 'aa', namespaces: ['default'], peerId: peerId.toString('hex') };
const content: OfferedContent = {
  geometry,
  metadata: Buffer.from('torrent file'),
  have: Bitfield.full(1),
  read: async () => undefined,
  watch: () => () => undefined,
  onEnd: () => () => undefined,
  countSent: () => undefined,
  reportReadError: () => undefined,
};

describe('the data port', () => {
  const sockets: Socket[] = [];
  let server: DataServer;
  let found: string[];
  let greeted: number;
  let lost: Error[];
  const connections = new DialedConnections();

  /** What the data port takes every downloader for. */
  const admitsAs = (access: Access): ServerCredentials => ({
    ...plainSecret(secret),
    admit: () => ({ secret, access, principal: undefined, credential: undefined }),
  });

  async function serve(credentials: ServerCredentials | Buffer): Promise<HostPort> {
    const { random } = bedPorts();
    found = [];
    greeted = 0;
    lost = [];
    server = new DataServer({
      identity: { role: 'peer', cluster: 'bed', principal: 'peer:provider' },
      secret: credentials,
      random,
      timers: realTimers,
      clock: new ManualClock(),
      logger: silentLogger,
      directory: {
        peerName: 'provider',
        find: (namespace) => {
          found.push(namespace);
          return content;
        },
        greet: () => {
          greeted += 1;
        },
      },
    });
    return server.listen({ host: '127.0.0.1', port: 0 });
  }

  const options = (credentials: ClientCredentials | Buffer = secret) => ({
    identity: { role: 'peer', cluster: 'bed', principal: 'peer:ada' } as const,
    secret: credentials,
    random: new SeededRandom(5),
    timers: realTimers,
    connections,
    peerId,
    peerName: 'ada',
  });

  async function until(condition: () => boolean): Promise<void> {
    for (let look = 0; look < 200 && !condition(); look += 1) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(condition()).toBe(true);
  }

  function dial(address: HostPort, namespace = 'default', credentials?: ClientCredentials) {
    const dialer = new DataDialer(
      { ...options(credentials), slots: new BlockSlots(1024, 1), dataPort: () => 5550 },
      { namespace, hash, chunkCount: 1 },
    );
    const nothing = (): void => undefined;
    const events = {
      onHave: nothing,
      onBlock: nothing,
      onRefused: nothing,
      onLost: (error: Error) => void lost.push(error),
    };
    return dialer.dial({ ...address, peerId: '', name: 'provider' }, events, new AbortController().signal);
  }

  const fetch = (address: HostPort, namespace = 'default', credentials?: ClientCredentials) =>
    new MetadataDialer(options(credentials)).fetch(address, { namespace, hash }, new AbortController().signal);

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await server.close();
  });

  it('serves a downloader what its ticket covers', async () => {
    const address = await serve(admitsAs(bearer));
    const { link } = await dial(address);
    link.close();
    expect((await fetch(address)).toString()).toBe('torrent file');
    expect(found).toEqual(['default', 'default']);
  });

  it('gives nothing of another namespace, neither content nor metadata, nor says whether it is there', async () => {
    const address = await serve(admitsAs({ ...bearer, namespaces: ['other'] }));
    await expect(dial(address)).rejects.toMatchObject({ code: 'content_unknown' });
    await expect(fetch(address)).rejects.toMatchObject({ code: 'content_unknown' });
    expect([found, greeted]).toEqual([[], 0]);
    expect(server.refusals.get('namespace_forbidden')).toBe(2);
  });

  it('drops a downloader that says it is another peer than its ticket is for', async () => {
    const address = await serve(admitsAs({ ...bearer, peerId: 'ff'.repeat(16) }));
    await expect(dial(address)).rejects.toMatchObject({ code: 'data_connection_lost' });
    expect(found).toEqual([]);
  });

  it('is not told what is wanted when its own ticket does not cover it', async () => {
    const address = await serve(admitsAs(MEMBER_ACCESS));
    const credentials: ClientCredentials = {
      versionMin: 1,
      begin: () => ({
        credential: undefined,
        agree: () => ({ secret, access: { ...bearer, namespaces: ['other'] }, principal: undefined }),
      }),
    };
    await expect(dial(address, 'default', credentials)).rejects.toMatchObject({ code: 'content_unknown' });
    await expect(fetch(address, 'default', credentials)).rejects.toMatchObject({ code: 'content_unknown' });
    expect(found).toEqual([]);
  });

  it('ends the connections of a key that is revoked, at once', async () => {
    const address = await serve(admitsAs(bearer));
    await dial(address);
    server.dropKey('bb');
    expect(server.connectionCount).toBe(1);
    server.dropKey('aa');
    await until(() => lost.length === 1);
  });

  it('is left at once, too, when the key of its peer is revoked, and by a peer whose own is', async () => {
    const address = await serve(secret);
    const asPeer = (keyId: string): ClientCredentials => ({
      ...plainSecret(secret),
      begin: () => ({
        credential: undefined,
        agree: () => ({ secret, access: { ...bearer, keyId }, principal: undefined }),
      }),
    });
    await dial(address, 'default', asPeer('aa'));
    await dial(address, 'default', asPeer('bb'));
    expect(connections.size).toBe(2);
    connections.dropKey('cc');
    connections.dropKey('aa');
    await until(() => lost.length === 1 && connections.size === 1);
    connections.dropAll();
    await until(() => lost.length === 2 && connections.size === 0);
    await dial(address);
    server.dropAll();
    await until(() => lost.length === 3);
    expect((await fetch(address)).toString()).toBe('torrent file');
    expect(connections.size).toBe(0);
  });

  it('refuses, counts, and after a while shuts out who is refused again and again', async () => {
    const admit = (): never => {
      throw new CredentialFault('ticket_refused', 'expired');
    };
    const address = await serve({ ...plainSecret(secret), admit });
    for (let at = 0; at < REFUSALS_MAX; at += 1) {
      await expect(dial(address)).rejects.toMatchObject({ code: 'ticket_refused' });
    }
    await expect(dial(address)).rejects.toMatchObject({ code: 'handshake_cut' });
    expect(Object.fromEntries(server.refusals)).toEqual({ ticket_expired: REFUSALS_MAX, rate_limited: 1 });
    expect(found).toEqual([]);
  });

  it('is not bothered by who only looks whether it is there', async () => {
    const address = await serve(secret);
    for (let at = 0; at < REFUSALS_MAX + 1; at += 1) {
      const socket = connect(address.port, address.host);
      sockets.push(socket);
      await new Promise((resolve) => socket.once('connect', resolve));
      socket.destroy();
    }
    await expect(fetch(address)).resolves.toHaveLength(12);
  });

  it('is dialled once the credentials have something to show', async () => {
    const address = await serve(secret);
    let isReady = false;
    const prepare = async (): Promise<void> => {
      isReady = true;
    };
    const credentials: ClientCredentials = {
      versionMin: 1,
      begin: () => {
        if (!isReady) throw new CredentialFault('access_not_ready');
        return plainSecret(secret).begin();
      },
    };
    await expect(fetch(address, 'default', credentials)).rejects.toMatchObject({ code: 'access_not_ready' });
    const dialer = new MetadataDialer({ ...options(credentials), prepare });
    const wanted = { namespace: 'default', hash };
    expect((await dialer.fetch(address, wanted, new AbortController().signal)).toString()).toBe('torrent file');
  });
});
