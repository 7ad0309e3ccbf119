import {
  boundPeerId,
  type ClientKey,
  ClientKeyCredentials,
  ClusterKey,
  checkTicket,
  encodeNewKey,
  type KeyRole,
  keyringOf,
  makeClientKey,
  privateKeyOf,
  publicBytesOf,
  sealingKeyOf,
  sealSecret,
} from '@panal/access';
import { SystemClock, SystemRandom, SystemTimers } from '@panal/nest';
import { parseAddress } from '@panal/runtime';
import { TcpRpcClient } from '@panal/transport-tcp';
import {
  type AccessNotice,
  type HeartbeatReply,
  HybridClock,
  type KeyListReply,
  type KeyRevokeReply,
  TRACKER_PATTERNS as patterns,
  type TicketReply,
} from '@panal/wire';
import { makeAnnounce, makePeer, makeTrackerFixture, type TrackerFixture, torrent } from '../tracker.fixture.js';

const random = new SystemRandom();
const publicKey = publicBytesOf('x25519', privateKeyOf('x25519', random.bytes(32)));
const ticketRequest = { namespace: 'default', peerId: makePeer(1).id, publicKey };

async function until(condition: () => boolean): Promise<void> {
  for (let look = 0; look < 500 && !condition(); look += 1) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(condition()).toBe(true);
}

describe('access to a tracker', () => {
  let fixture: TrackerFixture;
  const clients: TcpRpcClient[] = [];
  beforeEach(async () => {
    fixture = await makeTrackerFixture();
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
    await fixture.close();
  });

  const ring = () => keyringOf(new ClusterKey(fixture.secret));
  const newKey = (name: string, id?: Buffer): ClientKey =>
    makeClientKey(
      { cluster: 'panal', name, signingPublicKey: ring().signingKey.publicKey, ...(id === undefined ? {} : { id }) },
      random,
    );

  async function register(key: ClientKey, role: KeyRole = 'peer', namespaces = ['default']): Promise<ClientKey> {
    const text = encodeNewKey({ name: key.name, role, namespaces, secret: key.secret });
    const sealed = sealSecret(text, sealingKeyOf(ring().key), key.id, random);
    await fixture.client.call(patterns.keyCreate, { namespace: 'default', id: key.id, sealed });
    return key;
  }

  function connect(key: ClientKey): TcpRpcClient {
    const client = new TcpRpcClient({
      address: parseAddress(fixture.tracker.addresses.rpc ?? ''),
      // Claims what it is not: only its key counts.
      identity: { role: 'peer', cluster: 'panal', principal: 'peer:somebody-else' },
      secret: new ClientKeyCredentials(key),
      ports: { clock: new SystemClock(), timers: new SystemTimers(), random, hybridClock: new HybridClock() },
    });
    clients.push(client);
    return client;
  }

  it('gives a peer with a key of its own a ticket that says what the key is for, not what the peer says it is', async () => {
    const ada = await register(newKey('ada'), 'peer', ['default', 'ci']);
    const client = connect(ada);
    const peerId = boundPeerId(makePeer(1).id, ada.id.toString('hex'));
    const request = { ...ticketRequest, peerId };
    const { ticket, signingKeys, revoked } = await client.call<TicketReply>(patterns.ticket, request);
    const publicKeys = signingKeys.map((key) => Buffer.from(key));
    expect(publicKeys).toEqual(ring().publicKeys);
    const check = { cluster: 'panal', publicKeys, nowMs: fixture.clock.nowMs(), isRevoked: () => false };
    expect(checkTicket(Buffer.from(ticket), check)).toMatchObject({
      principal: { role: 'peer', principal: 'peer:ada' },
      role: 'peer',
      namespaces: ['default', 'ci'],
      peerId: peerId.toString('hex'),
      publicKey,
    });
    expect(revoked).toEqual([]);
  });

  it('gives members of the cluster tickets for everything', async () => {
    const { ticket, signingKeys } = await fixture.client.call<TicketReply>(patterns.ticket, ticketRequest);
    const publicKeys = signingKeys.map((key) => Buffer.from(key));
    const check = { cluster: 'panal', publicKeys, nowMs: fixture.clock.nowMs(), isRevoked: () => true };
    expect(checkTicket(Buffer.from(ticket), check)).toMatchObject({
      role: 'member',
      namespaces: ['*'],
      keyId: undefined,
    });
  });

  it('is refused to a key nobody registered, to another secret, and counted by reason', async () => {
    await expect(connect(newKey('stranger')).connect()).rejects.toMatchObject({ code: 'key_unknown' });
    const known = await register(newKey('ada'));
    await expect(connect(newKey('ada', known.id)).connect()).rejects.toMatchObject({ code: 'key_mismatch' });
    const { text } = await fixture.get('/metrics');
    expect(text).toMatch(/handshakes_refused_total\{port="rpc",reason="key_unknown"\} [1-9]/);
    expect(text).toMatch(/handshakes_refused_total\{port="rpc",reason="key_mismatch"\} [1-9]/);
    expect(text).toContain('panal_tracker_client_keys{state="good"} 1');
  });

  it('ends with the key: open connections are closed, new ones refused, and peers are told', async () => {
    const key = await register(newKey('ada'));
    const client = connect(key);
    await client.call(patterns.ticket, {
      ...ticketRequest,
      peerId: boundPeerId(Buffer.alloc(6), key.id.toString('hex')),
    });
    const lost = new Promise((resolve) => client.onStatus(resolve));
    await fixture.client.call(patterns.announce, makeAnnounce(1));
    const { wasRevoked } = await fixture.client.call<KeyRevokeReply>(patterns.keyRevoke, {
      namespace: 'default',
      id: key.id,
    });
    expect(wasRevoked).toBe(false);
    expect(await lost).toMatchObject({ kind: 'waiting' });
    await expect(connect(key).connect()).rejects.toMatchObject({ code: 'key_revoked', retryable: false });
    const beat = { namespace: 'default', peerId: makePeer(1).id, incarnation: 1, torrents: [] };
    const told = await fixture.client.call<HeartbeatReply>(patterns.heartbeat, beat);
    expect(told.revoked?.map((id) => Buffer.from(id))).toEqual([key.id]);
    const { revoked } = await fixture.client.call<TicketReply>(patterns.ticket, ticketRequest);
    expect(revoked.map((id) => Buffer.from(id))).toEqual([key.id]);
    // Version 2 knows nothing of keys, and its heartbeats stay as they were.
    expect(await fixture.connect(2).call<HeartbeatReply>(patterns.heartbeat, beat)).not.toHaveProperty('revoked');
    await expect(fixture.connect(2).call(patterns.ticket, ticketRequest)).rejects.toMatchObject({
      code: 'rpc_unknown_command',
    });
  });

  describe('for a peer', () => {
    let bob: ClientKey;
    const idFor = (key: ClientKey): Buffer => boundPeerId(Buffer.alloc(16, 5), key.id.toString('hex'));
    /** All by which somebody says that it is a peer. */
    const saying = (id: Buffer): readonly (readonly [string, object])[] => [
      [patterns.ticket, { ...ticketRequest, peerId: id }],
      [patterns.announce, makeAnnounce(2, { peer: makePeer(2, { id }) })],
      [patterns.heartbeat, { namespace: 'default', peerId: id, incarnation: 1, torrents: [] }],
      [patterns.deregister, { ...torrent, peerId: id }],
    ];
    beforeEach(async () => {
      bob = await register(newKey('bob'));
    });

    it.each([0, 1, 2, 3])('is that of its own key: message %i is taken, with another its id is foreign', async (at) => {
      const [own, other] = [connect(bob), connect(await register(newKey('mallory')))];
      const [pattern, request] = saying(idFor(bob))[at] as [string, object];
      const foreign = { code: 'peer_id_foreign', retryable: false };
      await own.call(pattern, request);
      await expect(other.call(pattern, request)).rejects.toMatchObject(foreign);
      // Nor with the key of the cluster, though who has that could make a key of its own.
      await expect(fixture.client.call(pattern, request)).rejects.toMatchObject(foreign);
      const { text } = await fixture.get('/metrics');
      expect(text).toMatch(/refused_messages_total\{code="peer_id_foreign"\} 2/);
      await own.call(pattern, request);
    });

    it('with the key of the cluster is none that a client key could be: they choose theirs at random', async () => {
      const client = connect(bob);
      for (const [pattern, request] of saying(Buffer.from(makePeer(3).id))) {
        await fixture.client.call(pattern, request);
        await expect(client.call(pattern, request)).rejects.toMatchObject({ code: 'peer_id_foreign' });
      }
    });

    it('is foreign over an older version of the protocol, too', async () => {
      for (const [pattern, request] of saying(idFor(bob)).slice(1)) {
        await expect(fixture.connect(2).call(pattern, request)).rejects.toMatchObject({ code: 'peer_id_foreign' });
      }
    });

    it('is looked at anew for each id, though the connection had a right to the last one', async () => {
      const client = connect(bob);
      const beat = (peerId: Buffer) =>
        client.call(patterns.heartbeat, { namespace: 'default', peerId, incarnation: 1, torrents: [] });
      await beat(idFor(bob));
      await expect(beat(idFor(newKey('carl')))).rejects.toMatchObject({ code: 'peer_id_foreign' });
      await beat(idFor(bob));
    });

    it('stays, when the secret of its key is replaced', async () => {
      const renewed = newKey('bob', bob.id);
      const sealed = sealSecret(
        Buffer.from(renewed.secret.toString('base64url')),
        sealingKeyOf(ring().key),
        bob.id,
        random,
      );
      await fixture.client.call(patterns.keyRotate, { namespace: 'default', id: bob.id, sealed });
      for (const [pattern, request] of saying(idFor(bob))) {
        await expect(connect(renewed).call(pattern, request)).resolves.toBeDefined();
      }
    });
  });

  it('is watched: who wants to know hears of a revocation at once, whose key it is as the last it hears', async () => {
    const key = await register(newKey('ada'));
    const [bearer, other] = [connect(key), connect(await register(newKey('bob')))];
    const watch = async (client: TcpRpcClient) => {
      const told: string[][] = [];
      const ended = new Promise<unknown>((resolve) => {
        void client.connect().then(() =>
          client.stream(
            patterns.accessWatch,
            { namespace: 'default' },
            {
              onValue: (value) =>
                told.push((value as AccessNotice).revoked.map((id) => Buffer.from(id).toString('hex'))),
              onEnd: resolve,
            },
          ),
        );
      });
      await until(() => told.length === 1);
      return { told, ended };
    };
    const [own, others] = [await watch(bearer), await watch(other)];
    await fixture.client.call(patterns.keyRevoke, { namespace: 'default', id: key.id });
    await own.ended;
    await until(() => others.told.length === 2);
    const id = key.id.toString('hex');
    // Perhaps twice: at once, and with the others.
    expect([own.told.slice(0, 2), others.told]).toEqual([
      [[], [id]],
      [[], [id]],
    ]);
    expect((await watch(other)).told).toEqual([[id]]);
    await others.ended;
    const { text } = await fixture.get('/metrics');
    expect(text).toContain('panal_tracker_revocation_watchers 1');
    const older = fixture.connect(2);
    await expect(older.call(patterns.accessWatch, { namespace: 'default' })).rejects.toMatchObject({
      code: 'rpc_unknown_command',
    });
  });

  it.each([
    ['peer', patterns.keyList, { countMax: 1 }],
    ['viewer', patterns.keyRevoke, { id: Buffer.alloc(16) }],
    ['maintainer', patterns.keyCreate, { id: Buffer.alloc(16), sealed: Buffer.alloc(10) }],
    ['peer', patterns.keyRotate, { id: Buffer.alloc(16) }],
    ['peer', patterns.clusterDrain, { fence: 0 }],
    ['viewer', patterns.clusterRepair, { fence: 0 }],
    ['maintainer', patterns.clusterCordon, { fence: 0 }],
    ['maintainer', patterns.clusterUncordon, { fence: 0 }],
    ['maintainer', patterns.clusterSnapshot, { fence: 0, name: 'x' }],
  ] as const)('lets no %s send %s', async (role, pattern, request) => {
    const client = connect(await register(newKey('low'), role));
    const denied = { code: 'access_denied', retryable: false };
    await expect(client.call(pattern, { namespace: 'default', ...request })).rejects.toMatchObject(denied);
  });

  it('can be given by an admin that has no cluster key', async () => {
    const admin = await register(newKey('root'), 'admin');
    const client = connect(admin);
    const made = newKey('by-root');
    const text = encodeNewKey({ name: made.name, role: 'peer', namespaces: ['default'], secret: made.secret });
    const sealed = sealSecret(text, sealingKeyOf(admin), made.id, random);
    await client.call(patterns.keyCreate, { namespace: 'default', id: made.id, sealed });
    await connect(made).connect();
    const { keys } = await client.call<KeyListReply>(patterns.keyList, { namespace: 'default', countMax: 10 });
    expect(keys.map(({ name, role }) => `${name} ${role}`).sort()).toEqual(['by-root peer', 'root admin']);
    expect(JSON.stringify(keys)).not.toContain(made.secret.toString('base64url'));
  });

  it.each([
    [patterns.ticket, { ...ticketRequest, publicKey: Buffer.alloc(31) }],
    [patterns.ticket, { ...ticketRequest, peerId: 'x' }],
    [patterns.keyCreate, { namespace: 'default', id: Buffer.alloc(15), sealed: Buffer.alloc(9) }],
    [patterns.keyCreate, { namespace: 'default', id: Buffer.alloc(16), sealed: Buffer.alloc(2_000) }],
    [patterns.keyRotate, { namespace: 'default', id: Buffer.alloc(16), oldUntil: -1 }],
    [patterns.keyList, { namespace: 'default', countMax: 0 }],
    [patterns.accessWatch, {}],
  ])('takes no nonsense: %s %#', async (pattern, request) => {
    await expect(fixture.client.call(pattern, request)).rejects.toMatchObject({ code: 'message_invalid' });
  });
});
