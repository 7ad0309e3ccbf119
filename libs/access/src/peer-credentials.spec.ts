import { ManualClock, SeededRandom } from '@panal/runtime';
import { ClientHandshake, type HandshakeError, type HandshakeStep, ServerHandshake, type Session } from '@panal/wire';
import { type ClusterKeyring, makeClusterKeyring } from './cluster-keyring.js';
import { privateKeyOf, publicBytesOf } from './curve-keys.js';
import { ClusterKeyCredentials } from './key-credentials.js';
import { TICKET_LIFE_MS, TICKET_SKEW_MS } from './limits.js';
import { type OwnTicket, PeerCredentials } from './peer-credentials.js';
import { Revocations } from './revocations.js';
import { signTicket, type Ticket } from './ticket.js';

const random = new SeededRandom(8);
const ring = makeClusterKeyring(random);
const NOW_MS = 1_800_000_000_000;

/** A peer with a ticket that a tracker of `by` made for it. */
class Peer {
  readonly clock = new ManualClock(NOW_MS);
  readonly revocations = new Revocations();
  readonly keyId: string;
  ticket: OwnTicket | undefined;
  publicKeys = ring.publicKeys;
  isRevoked = false;

  constructor(
    readonly name: string,
    readonly isMember = false,
  ) {
    this.keyId = Buffer.alloc(16, name).toString('hex');
    this.ticket = this.makeTicket();
  }

  makeTicket(changes: Partial<Ticket> = {}, by: ClusterKeyring = ring): OwnTicket {
    const privateKey = privateKeyOf('x25519', random.bytes(32));
    const ticket: Ticket = {
      cluster: 'panal',
      principal: { role: 'peer', principal: `peer:${this.name}` },
      role: this.isMember ? 'member' : 'peer',
      keyId: this.isMember ? undefined : this.keyId,
      namespaces: ['default'],
      peerId: Buffer.alloc(16, this.name).toString('hex'),
      publicKey: publicBytesOf('x25519', privateKey),
      issuedAtMs: NOW_MS,
      expiresAtMs: NOW_MS + TICKET_LIFE_MS,
      ...changes,
    };
    return { bytes: signTicket(ticket, by.signingKey), privateKey, expiresAtMs: ticket.expiresAtMs };
  }

  get credentials(): PeerCredentials {
    return new PeerCredentials({
      cluster: 'panal',
      clock: this.clock,
      members: this.isMember ? new ClusterKeyCredentials(ring) : undefined,
      revocations: this.revocations,
      ticket: () => this.ticket,
      publicKeys: () => this.publicKeys,
      isRevoked: () => this.isRevoked,
    });
  }

  get hello() {
    const principal = `peer:claims-${this.name}`;
    return { identity: { role: 'peer', cluster: 'panal', principal }, random, purpose: 'data' } as const;
  }
}

interface Outcome {
  client?: Session;
  server?: Session;
  clientError?: unknown;
  serverError?: unknown;
  /** All that was said, in turn. */
  readonly said: Buffer[];
}

function connect(client: Peer, server: Peer, versions: { client?: number; server?: number } = {}): Outcome {
  const outcome: Outcome = { said: [] };
  const range = (max = 3) => ({ min: 1, max });
  try {
    const dialling = new ClientHandshake({
      ...client.hello,
      secret: client.credentials,
      versions: range(versions.client),
    });
    const listening = new ServerHandshake({
      ...server.hello,
      secret: server.credentials,
      versions: range(versions.server),
    });
    let wire: Buffer | undefined = dialling.start();
    for (let turn = 0; wire !== undefined; turn += 1) {
      outcome.said.push(wire);
      const who = turn % 2 === 0 ? 'server' : 'client';
      try {
        const step: HandshakeStep = (turn % 2 === 0 ? listening : dialling).receive(wire);
        wire = step.kind === 'send' ? step.bytes : step.kind === 'done' ? step.send : undefined;
        if (step.kind === 'done') outcome[who] = step.session;
      } catch (error) {
        outcome[`${who}Error`] = error;
        wire = (error as HandshakeError).reply;
      }
    }
  } catch (error) {
    outcome.clientError = error;
  }
  return outcome;
}

function expectConnected({ client, server, clientError, serverError }: Outcome): void {
  expect([clientError, serverError]).toEqual([undefined, undefined]);
  const sealed = Buffer.concat(client?.sealer.seal([Buffer.from('x')]) ?? []);
  expect(server?.opener.push(sealed)).toEqual([Buffer.from('x')]);
}

const fault = (code: string, message = '') =>
  expect.objectContaining({ code, message: expect.stringContaining(message) as string });

describe('peers with tickets', () => {
  it('connect, and know each other as the tracker does', () => {
    const outcome = connect(new Peer('alice'), new Peer('bob'));
    expectConnected(outcome);
    expect(outcome.server?.remote.principal).toBe('peer:alice');
    expect(outcome.client?.remote.principal).toBe('peer:bob');
    expect(outcome.server?.access).toEqual({
      role: 'peer',
      keyId: new Peer('alice').keyId,
      namespaces: ['default'],
      peerId: Buffer.alloc(16, 'alice').toString('hex'),
    });
  });

  it.each([
    [
      'expired',
      (peer: Peer) =>
        peer.makeTicket({ issuedAtMs: NOW_MS - TICKET_LIFE_MS - TICKET_SKEW_MS, expiresAtMs: NOW_MS - TICKET_SKEW_MS }),
    ],
    ['early', (peer: Peer) => peer.makeTicket({ issuedAtMs: NOW_MS + TICKET_SKEW_MS + 1 })],
    ['foreign', (peer: Peer) => peer.makeTicket({ cluster: 'other' })],
    ['forged', (peer: Peer) => peer.makeTicket({}, makeClusterKeyring(random))],
  ])('refuse a ticket that is %s, whichever side shows it', (reason, make) => {
    const bad = new Peer('mallory');
    bad.ticket = { ...make(bad), expiresAtMs: NOW_MS + 1 };
    const asClient = connect(bad, new Peer('bob'));
    expect(asClient.serverError).toEqual(fault('ticket_refused', reason));
    expect(asClient.clientError).toEqual(fault('ticket_refused'));
    const asServer = connect(new Peer('alice'), bad);
    expect(asServer.clientError).toEqual(fault('ticket_refused', reason));
    expect([asClient.server, asServer.client, asServer.server]).toEqual([undefined, undefined, undefined]);
  });

  it('refuse a revoked key, whichever side has it', () => {
    const [alice, bob] = [new Peer('alice'), new Peer('bob')];
    bob.revocations.learn([alice.keyId], 0);
    expect(connect(alice, bob).serverError).toEqual(fault('key_revoked'));
    expect(connect(bob, alice).clientError).toEqual(fault('ticket_refused', 'revoked'));
  });

  it('dial nobody once their own key is revoked, and say why', () => {
    const alice = new Peer('alice');
    alice.isRevoked = true;
    expect(connect(alice, new Peer('bob')).clientError).toEqual(fault('key_revoked', 'of this process'));
  });

  it('refuse a stolen ticket: its thief has not the private half of its key', () => {
    const [alice, bob, thief] = [new Peer('alice'), new Peer('bob'), new Peer('thief')];
    thief.ticket = { ...(thief.ticket as OwnTicket), bytes: (alice.ticket as OwnTicket).bytes };
    const asClient = connect(thief, bob);
    expect([asClient.clientError, asClient.server]).toEqual([fault('key_mismatch'), undefined]);
    const asServer = connect(bob, thief);
    expect([asServer.clientError, asServer.client]).toEqual([fault('key_mismatch'), undefined]);
  });

  it('refuse a thief who skips the proof of the other side and guesses his own', () => {
    const [alice, bob] = [new Peer('alice'), new Peer('bob')];
    const { said } = connect(alice, bob);
    const server = new ServerHandshake({ ...bob.hello, secret: bob.credentials });
    server.receive(said[0] as Buffer);
    const guess = Buffer.from(said[2] as Buffer);
    guess.fill(1, guess.length - 32);
    expect(() => server.receive(guess)).toThrow(fault('key_mismatch'));
  });

  it('refuse what was recorded of an earlier connection', () => {
    const [alice, bob] = [new Peer('alice'), new Peer('bob')];
    const { said } = connect(alice, bob);
    const server = new ServerHandshake({ ...bob.hello, secret: bob.credentials });
    expect(server.receive(said[0] as Buffer).kind).toBe('send');
    expect(() => server.receive(said[2] as Buffer)).toThrow(fault('key_mismatch'));
  });

  it('refuse a key in a ticket that makes the same secret with every other', () => {
    const bad = new Peer('mallory');
    bad.ticket = bad.makeTicket({ publicKey: Buffer.alloc(32) });
    expect(connect(bad, new Peer('bob')).serverError).toEqual(fault('ticket_refused', 'unusable key'));
  });

  it('have nothing to show before they have a ticket, or when it is over, and say so', () => {
    const late = new Peer('late');
    late.ticket = undefined;
    expect(connect(late, new Peer('bob')).clientError).toEqual(fault('access_not_ready'));
    expect(connect(new Peer('alice'), late).clientError).toEqual(fault('access_not_ready'));
    const over = new Peer('over');
    over.clock.advance(TICKET_LIFE_MS);
    expect(connect(over, new Peer('bob')).clientError).toEqual(fault('access_not_ready'));
  });
});

describe('peers with the cluster key beside peers with keys of their own', () => {
  const member = (hasTicket: boolean): Peer => {
    const peer = new Peer('member', true);
    if (!hasTicket) peer.ticket = undefined;
    return peer;
  };

  it.each([
    [true, true],
    [true, false],
    [false, true],
    [false, false],
  ])('connect among themselves, with a ticket or without: %s, %s', (client, server) => {
    const outcome = connect(member(client), member(server));
    expect(outcome.server?.access.role).toBe('member');
    expectConnected(outcome);
  });

  it('connect to the others once they have a ticket', () => {
    expectConnected(connect(member(true), new Peer('bob')));
    expectConnected(connect(new Peer('alice'), member(true)));
    expect(connect(member(false), new Peer('bob')).serverError).toEqual(fault('ticket_refused', 'no ticket'));
    expect(connect(new Peer('alice'), member(false)).serverError).toEqual(fault('access_not_ready'));
  });

  it('connect with peers of version 2, which the others cannot', () => {
    expectConnected(connect(member(true), member(false), { server: 2 }));
    expectConnected(connect(member(false), member(true), { client: 2 }));
    expect(connect(new Peer('alice'), member(false), { server: 2 }).clientError).toEqual(fault('protocol_unsupported'));
    expect(connect(member(false), new Peer('bob'), { client: 2 }).serverError).toEqual(fault('protocol_unsupported'));
  });
});
