import { PanalError, SeededRandom } from '@panal/runtime';
import fc from 'fast-check';
import { ClientHandshake } from './client-handshake.js';
import {
  ClusterMismatchError,
  HandshakeError,
  HandshakeInvalidError,
  IdentityInvalidError,
  KeyMismatchError,
  ProtocolUnsupportedError,
  PurposeMismatchError,
} from './errors.js';
import type { HandshakeOptions, Session } from './handshake.js';
import { HELLO_SIZE_MAX } from './limits.js';
import { ServerHandshake } from './server-handshake.js';
import { PROTOCOL_VERSION } from './version.js';

const clientOptions: HandshakeOptions = {
  identity: { role: 'peer', cluster: 'panal', principal: 'peer:alice' },
  secret: Buffer.alloc(32, 1),
  random: new SeededRandom(1),
  purpose: 'rpc',
};
const serverOptions: HandshakeOptions = {
  ...clientOptions,
  identity: { role: 'tracker', cluster: 'panal', principal: 'tracker:t1' },
  random: new SeededRandom(2),
};

interface Outcome {
  readonly clientSession?: Session;
  readonly serverSession?: Session;
  readonly clientError?: unknown;
  readonly serverError?: unknown;
}

/** Carries bytes between the two sides until both have a session or an error. `alter` is a man in the middle. */
function shakeHands(
  client: Partial<HandshakeOptions> = {},
  server: Partial<HandshakeOptions> = {},
  alter: (bytes: Buffer, turn: number) => Buffer = (bytes) => bytes,
): Outcome {
  const dialling = new ClientHandshake({ ...clientOptions, ...client });
  const listening = new ServerHandshake({ ...serverOptions, ...server });
  let outcome: Outcome = {};
  let onWire: Buffer | undefined = dialling.start();
  for (let turn = 0; onWire !== undefined && turn < 4; turn += 1) {
    const isToServer = turn % 2 === 0;
    const arrived = alter(onWire, turn);
    onWire = undefined;
    try {
      const step = (isToServer ? listening : dialling).receive(arrived);
      if (step.kind === 'send') onWire = step.bytes;
      if (step.kind === 'done') {
        onWire = step.send;
        outcome = { ...outcome, [isToServer ? 'serverSession' : 'clientSession']: step.session };
      }
    } catch (error) {
      outcome = { ...outcome, [isToServer ? 'serverError' : 'clientError']: error };
      if (error instanceof HandshakeError) onWire = error.reply;
    }
  }
  return outcome;
}

function expectSessionsWork({ clientSession, serverSession }: Outcome): void {
  const up = Buffer.concat(clientSession?.sealer.seal([Buffer.from('up')]) ?? []);
  const down = Buffer.concat(serverSession?.sealer.seal([Buffer.from('down')]) ?? []);
  expect(serverSession?.opener.push(up)).toEqual([Buffer.from('up')]);
  expect(clientSession?.opener.push(down)).toEqual([Buffer.from('down')]);
}

describe('hello', () => {
  it('gives both sides a session with the other one named', () => {
    const outcome = shakeHands();
    expect(outcome.clientSession?.remote).toEqual(serverOptions.identity);
    expect(outcome.serverSession?.remote).toEqual(clientOptions.identity);
    expect(outcome.clientSession?.version).toBe(PROTOCOL_VERSION);
    expectSessionsWork(outcome);
  });

  it('gives each direction and each connection keys of its own', () => {
    const [one, two] = [shakeHands(), shakeHands()];
    const record = Buffer.concat(one.clientSession?.sealer.seal([Buffer.from('x')]) ?? []);
    expect(() => one.clientSession?.opener.push(record)).toThrow(expect.objectContaining({ code: 'record_forged' }));
    expect(() => two.serverSession?.opener.push(record)).toThrow(expect.objectContaining({ code: 'record_forged' }));
  });

  it('works however the bytes are cut, and hands over what follows the hello', () => {
    const client = new ClientHandshake(clientOptions);
    const server = new ServerHandshake(serverOptions);
    let answer: Buffer | undefined;
    for (const byte of client.start()) {
      const step = server.receive(Buffer.from([byte]));
      if (step.kind === 'send') answer = step.bytes;
    }
    const bytes = answer as Buffer;
    expect(client.receive(bytes.subarray(0, 20))).toEqual({ kind: 'more' });
    const done = client.receive(Buffer.concat([bytes.subarray(20), Buffer.from('early')]));
    if (done.kind !== 'done' || done.send === undefined) throw new Error('the client should be done');
    expect(done.rest.toString()).toBe('early');
    const last = server.receive(Buffer.concat([done.send, Buffer.alloc(70_000, 'r')]));
    expect(last.kind === 'done' && last.rest).toEqual(Buffer.alloc(70_000, 'r'));
  });

  it.each([
    [{ min: 1, max: 3 }, { min: 2, max: 2 }, 2],
    [{ min: 1, max: 2 }, { min: 2, max: 3 }, 2],
    [{ min: 4, max: 5 }, { min: 3, max: 9 }, 5],
  ])('agrees on the highest common version of %j and %j', (ours, theirs, version) => {
    const { clientSession, serverSession } = shakeHands({ versions: ours }, { versions: theirs });
    expect([clientSession?.version, serverSession?.version]).toEqual([version, version]);
  });
});

describe('a hello that does not fit', () => {
  it('tells both sides that the clusters differ, also when the keys do', () => {
    const identity = { ...clientOptions.identity, cluster: 'other' };
    const outcome = shakeHands({ identity, secret: Buffer.alloc(32, 9) });
    expect(outcome.clientError).toBeInstanceOf(ClusterMismatchError);
    expect(outcome.clientError).toMatchObject({ action: expect.stringContaining('--cluster') });
    expect(outcome.serverError).toBeInstanceOf(ClusterMismatchError);
  });

  it('tells both sides that the keys differ, and shows no proof of the client', () => {
    const sent: Buffer[] = [];
    const outcome = shakeHands({ secret: Buffer.alloc(32, 9) }, {}, (bytes) => {
      sent.push(bytes);
      return bytes;
    });
    expect(outcome.clientError).toBeInstanceOf(KeyMismatchError);
    expect(outcome.clientError).toMatchObject({ action: expect.stringContaining('--key-file') });
    expect(outcome.serverError).toBeInstanceOf(KeyMismatchError);
    expect(sent[2]?.length).toBeLessThan(32);
  });

  it.each([
    [{ min: 3, max: 4 }, { min: 1, max: 2 }, 'other machine', 'this machine'],
    [{ min: 1, max: 1 }, { min: 2, max: 2 }, 'this machine', 'other machine'],
  ])(
    'tells who of a client with %j and a server with %j must upgrade',
    (client, server, clientAction, serverAction) => {
      const outcome = shakeHands({ versions: client }, { versions: server });
      expect(outcome.clientError).toBeInstanceOf(ProtocolUnsupportedError);
      expect(outcome.clientError).toMatchObject({
        ours: client,
        theirs: server,
        action: expect.stringContaining(clientAction),
      });
      expect(outcome.serverError).toMatchObject({
        ours: server,
        theirs: client,
        action: expect.stringContaining(serverAction),
      });
    },
  );

  it.each([
    ['rpc', 'data', '5555'],
    ['data', 'rpc', '5550'],
    ['rpc', 'cluster', '5555'],
    ['cluster', 'rpc', '5560'],
  ] as const)('tells a client of %s on a port of %s which port it needs', (wanted, served, port) => {
    const outcome = shakeHands({ purpose: wanted }, { purpose: served });
    expect(outcome.clientError).toBeInstanceOf(PurposeMismatchError);
    expect(outcome.clientError).toMatchObject({ action: expect.stringContaining(port) });
    expect(outcome.serverError).toMatchObject({ code: 'purpose_mismatch', message: expect.stringContaining(port) });
  });

  it('refuses a client that shows a wrong proof', () => {
    const flip = (bytes: Buffer, turn: number): Buffer => {
      const changed = Buffer.from(bytes);
      if (turn === 2) changed[changed.length - 1] = (changed[changed.length - 1] ?? 0) ^ 1;
      return changed;
    };
    const { serverError, serverSession } = shakeHands({}, {}, flip);
    expect(serverError).toBeInstanceOf(KeyMismatchError);
    expect(serverSession).toBeUndefined();
  });

  it('gives no session when any bit of any message was changed, and only typed errors', () => {
    fc.assert(
      fc.property(fc.nat(2), fc.nat(), (alteredTurn, position) => {
        const outcome = shakeHands({}, {}, (bytes, turn) => {
          if (turn !== alteredTurn) return bytes;
          const changed = Buffer.from(bytes);
          const bit = position % (changed.length * 8);
          changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          return changed;
        });
        expect(outcome.serverSession).toBeUndefined();
        const errors = [outcome.clientError, outcome.serverError].filter((error) => error !== undefined);
        expect(errors.every((error) => error instanceof HandshakeError)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('refuses a replayed client, since every connection has a nonce of the server', () => {
    const recorded: Buffer[] = [];
    shakeHands({}, {}, (bytes) => {
      recorded.push(bytes);
      return bytes;
    });
    const server = new ServerHandshake({ ...serverOptions, random: new SeededRandom(99) });
    server.receive(recorded[0] as Buffer);
    expect(() => server.receive(recorded[2] as Buffer)).toThrow(KeyMismatchError);
  });

  it('refuses its own words sent back to it', () => {
    const client = new ClientHandshake(clientOptions);
    expect(() => client.receive(client.start())).toThrow(HandshakeInvalidError);
  });

  it('refuses a client that does not wait for the answer', () => {
    const early = Buffer.concat([new ClientHandshake(clientOptions).start(), Buffer.from([1])]);
    expect(() => new ServerHandshake(serverOptions).receive(early)).toThrow(HandshakeInvalidError);
  });
});

describe('strangers', () => {
  it.each([
    ['GET / HTTP/1.1\r\n', 'HTTP'],
    ['POST /announce', 'HTTP'],
    ['HTTP/1.1 400 Bad Request', 'HTTP'],
    ['\x16\x03\x01\x02\x00\x01', 'TLS'],
    ['SSH-2.0-OpenSSH_9.2', 'SSH'],
    ['\x13BitTorrent protocol', 'BitTorrent'],
    ['\x00', 'no hello'],
    ['\xc5PANIC', 'no hello'],
  ])('are recognised and get no answer: %j', (greeting, kind) => {
    for (const side of [new ServerHandshake(serverOptions), new ClientHandshake(clientOptions)]) {
      const error = thrownBy(() => side.receive(Buffer.from(greeting, 'latin1')));
      expect(error).toBeInstanceOf(HandshakeInvalidError);
      expect(error).toMatchObject({ reply: undefined, message: expect.stringContaining(kind) });
    }
  });

  it('cannot make a side hold more than one hello', () => {
    const prelude = new ClientHandshake(clientOptions).start().subarray(0, 7);
    const size = Buffer.from([(HELLO_SIZE_MAX + 1) >> 8, (HELLO_SIZE_MAX + 1) & 255]);
    expect(() => new ServerHandshake(serverOptions).receive(Buffer.concat([prelude, size]))).toThrow(
      HandshakeInvalidError,
    );
  });

  it('get nothing but typed errors for any payload behind the right magic', () => {
    const magic = new ClientHandshake(clientOptions).start().subarray(0, 6);
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 5 }),
        fc.uint8Array({ maxLength: 200 }),
        fc.boolean(),
        (type, payload, isClient) => {
          const message = Buffer.concat([magic, Buffer.from([type, 0, payload.length]), payload]);
          const side = isClient ? new ClientHandshake(clientOptions) : new ServerHandshake(serverOptions);
          expect(thrownBy(() => side.receive(message))).toBeInstanceOf(HandshakeError);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('never have their text in an error', () => {
    const hello = new ClientHandshake({ ...clientOptions, identity: { ...clientOptions.identity, cluster: 'zz' } });
    const forged = Buffer.from(hello.start());
    forged.write('\x1b[', forged.indexOf('zz'), 'latin1');
    expect((thrownBy(() => new ServerHandshake(serverOptions).receive(forged)) as Error).message).not.toContain('\x1b');
  });
});

describe('identity', () => {
  it.each([
    { role: 'peer', cluster: '', principal: 'peer:a' },
    { role: 'peer', cluster: 'a b', principal: 'peer:a' },
    { role: 'peer', cluster: 'c', principal: 'tracker:a' },
    { role: 'peer', cluster: 'c', principal: 'peer:' },
    { role: 'peer', cluster: 'c', principal: `peer:${'a'.repeat(65)}` },
    { role: 'tracker', cluster: 'c', principal: 'tracker:ñ' },
  ] as const)('is refused before it is sent: %j', (identity) => {
    expect(() => new ClientHandshake({ ...clientOptions, identity })).toThrow(IdentityInvalidError);
    expect(() => new ServerHandshake({ ...serverOptions, identity })).toThrow(IdentityInvalidError);
  });

  it('has a known form for each error: code, action and no retry', () => {
    const { clientError } = shakeHands({ secret: Buffer.alloc(32, 3) });
    expect(clientError).toBeInstanceOf(PanalError);
    expect(clientError).toMatchObject({ code: 'key_mismatch', retryable: false });
  });
});

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}
