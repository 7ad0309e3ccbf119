import { SeededRandom } from '@panal/runtime';
import fc from 'fast-check';
import { ClientHandshake } from './client-handshake.js';
import { decodeCredential, encodeCredential } from './credential-codec.js';
import {
  type Access,
  type Agreement,
  type ClientCredentials,
  type Credential,
  CredentialFault,
  MEMBER_ACCESS,
  mayUseNamespace,
  type ServerCredentials,
} from './credentials.js';
import { HandshakeError, HandshakeInvalidError } from './errors.js';
import type { HandshakeStep, Session } from './handshake.js';
import { HELLO_SIZE_MAX, TICKET_SIZE_MAX } from './limits.js';
import { ServerHandshake } from './server-handshake.js';

const fingerprint = Buffer.alloc(4, 7);
const keyId = Buffer.alloc(16, 8);
const clientKey: Credential = { kind: 'client-key', keyId, fingerprint };
const access: Access = { role: 'peer', keyId: keyId.toString('hex'), namespaces: ['default'], peerId: undefined };
const agreement: Agreement = {
  secret: Buffer.alloc(32, 5),
  access,
  principal: { role: 'peer', principal: 'peer:proved' },
};
const member: Agreement = { secret: Buffer.alloc(32, 1), access: MEMBER_ACCESS, principal: undefined };

const dialsWith = (credential: Credential, agreed: Agreement = agreement): ClientCredentials => ({
  versionMin: 3,
  begin: () => ({ credential, agree: () => ({ ...agreed, access: MEMBER_ACCESS, principal: undefined }) }),
});

/** Lets in who shows a client key, as what it is registered for. */
const keeper: ServerCredentials = {
  versionMin: 1,
  admit: (shown) => {
    if (shown?.kind !== 'client-key') return { ...member, credential: undefined };
    return { ...agreement, credential: undefined };
  },
  confirm: () => undefined,
};

interface Outcome {
  client?: Session;
  server?: Session;
  clientError?: unknown;
  serverError?: unknown;
}

function shakeHands(
  client: ClientCredentials | Buffer,
  server: ServerCredentials | Buffer,
  versions: { client?: number; server?: number } = {},
): Outcome {
  const random = new SeededRandom(1);
  const identity = { role: 'peer', cluster: 'panal', principal: 'peer:claimed' } as const;
  const range = (max = 3) => ({ min: 1, max });
  const dialling = new ClientHandshake({
    identity,
    random,
    purpose: 'rpc',
    secret: client,
    versions: range(versions.client),
  });
  const tracker = { ...identity, role: 'tracker', principal: 'tracker:t1' } as const;
  const listening = new ServerHandshake({
    identity: tracker,
    random,
    purpose: 'rpc',
    secret: server,
    versions: range(versions.server),
  });
  const outcome: Outcome = {};
  let wire: Buffer | undefined = dialling.start();
  for (let turn = 0; wire !== undefined; turn += 1) {
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
  return outcome;
}

describe('a hello with credentials', () => {
  it('makes the session from the secret of the key, and is who the key says, not who it says', () => {
    const { client, server } = shakeHands(dialsWith(clientKey), keeper);
    expect(server?.remote).toEqual({ role: 'peer', cluster: 'panal', principal: 'peer:proved' });
    expect(server?.access).toEqual(access);
    const sealed = Buffer.concat(client?.sealer.seal([Buffer.from('x')]) ?? []);
    expect(server?.opener.push(sealed)).toEqual([Buffer.from('x')]);
  });

  it('gives no session to who shows the id of a key and has another secret', () => {
    const thief = dialsWith(clientKey, { ...agreement, secret: Buffer.alloc(32, 6) });
    const { server, serverError, clientError } = shakeHands(thief, keeper);
    expect(server).toBeUndefined();
    expect([serverError, clientError]).toEqual([
      expect.objectContaining({ code: 'key_mismatch' }),
      expect.objectContaining({ code: 'key_mismatch' }),
    ]);
  });

  it.each(['key_unknown', 'key_revoked', 'ticket_refused', 'access_not_ready'] as const)(
    'tells both sides: %s',
    (code) => {
      const admit = (): never => {
        throw new CredentialFault(code, 'the reason');
      };
      const { serverError, clientError } = shakeHands(dialsWith(clientKey), { ...keeper, admit });
      expect(serverError).toMatchObject({ code });
      expect(clientError).toMatchObject({ code });
      expect(String((clientError as Error).message)).not.toContain('the reason');
    },
  );

  it('gives no session to who was admitted, and whose key was revoked before the proof came', () => {
    const confirm = (): never => {
      throw new CredentialFault('key_revoked');
    };
    const { server, serverError } = shakeHands(dialsWith(clientKey), { ...keeper, confirm });
    expect([server, serverError]).toEqual([undefined, expect.objectContaining({ code: 'key_revoked' })]);
  });

  it('lets the client refuse what the server shows', () => {
    const agree = (): never => {
      throw new CredentialFault('ticket_refused', 'expired');
    };
    const refusing = { versionMin: 3, begin: () => ({ credential: clientKey, agree }) };
    const { clientError, serverError, server } = shakeHands(refusing, keeper);
    expect(clientError).toMatchObject({
      code: 'ticket_refused',
      message: expect.stringContaining('expired') as string,
    });
    expect(serverError).toMatchObject({ code: 'ticket_refused' });
    expect(server).toBeUndefined();
  });

  it('talks to version 2 as version 2 does, with the secret both have', () => {
    const both: ClientCredentials & ServerCredentials = {
      versionMin: 1,
      begin: () => ({ credential: { kind: 'cluster-key', fingerprint }, agree: () => member }),
      confirm: () => undefined,
      admit: (shown) => {
        expect(shown).toBeUndefined();
        return { ...member, credential: { kind: 'cluster-key', fingerprint } };
      },
    };
    for (const [client, server] of [
      [both, member.secret],
      [member.secret, both],
    ] as const) {
      const versions = client === both ? { server: 2 } : { client: 2 };
      const outcome = shakeHands(client, server, versions);
      expect([outcome.client?.version, outcome.server?.version]).toEqual([2, 2]);
    }
  });

  it('says which side is too old where the credentials need version 3', () => {
    const { clientError, serverError } = shakeHands(dialsWith(clientKey), member.secret, { server: 2 });
    expect(clientError).toMatchObject({
      code: 'protocol_unsupported',
      action: expect.stringContaining('other') as string,
    });
    expect(serverError).toMatchObject({ code: 'protocol_unsupported' });
  });
});

describe('a credential on the wire', () => {
  const bytes = (size: number) => fc.uint8Array({ minLength: size, maxLength: size }).map((one) => Buffer.from(one));
  const print = bytes(4).filter((one) => one.some((byte) => byte > 0));
  const credentials: fc.Arbitrary<Credential> = fc.oneof(
    fc.record({ kind: fc.constant('cluster-key' as const), fingerprint: bytes(4) }),
    fc.record({ kind: fc.constant('client-key' as const), keyId: bytes(16), fingerprint: bytes(4) }),
    fc.record({
      kind: fc.constant('ticket' as const),
      ticket: fc.uint8Array({ maxLength: TICKET_SIZE_MAX }).map((one) => Buffer.from(one)),
      fingerprint: fc.option(print, { nil: undefined }),
    }),
  );

  it('is read back, whatever a later version adds behind it', () => {
    fc.assert(
      fc.property(credentials, fc.uint8Array({ maxLength: 9 }), (credential, more) => {
        expect(decodeCredential(Buffer.concat([encodeCredential(credential), more]))).toEqual(credential);
      }),
    );
    expect(decodeCredential(encodeCredential(undefined))).toBeUndefined();
    expect(decodeCredential(Buffer.from([9, 0, 2, 1, 1]))).toBeUndefined();
  });

  it.each([[[1]], [[1, 0, 5, 1, 2, 3]], [[1, 0, 3, 1, 2, 3]], [[2, 0, 4, 1, 2, 3, 4]], [[3, 0, 2, 1, 2]]])(
    'is refused when malformed: %j',
    (given) => {
      expect(() => decodeCredential(Buffer.from(given))).toThrow(HandshakeInvalidError);
    },
  );

  it('fits a hello with the longest names', () => {
    const name = 'n'.repeat(64);
    const secret = dialsWith({ kind: 'ticket', ticket: Buffer.alloc(TICKET_SIZE_MAX), fingerprint });
    const identity = { role: 'tracker', cluster: name, principal: `tracker:${name}` } as const;
    const hello = new ClientHandshake({ identity, random: new SeededRandom(1), purpose: 'data', secret }).start();
    expect(hello.length - 9).toBeLessThanOrEqual(HELLO_SIZE_MAX - 29); // the server's has a proof more, and 3 bytes less
  });
});

it.each([
  [['*'], true],
  [['default'], true],
  [['other', 'default'], true],
  [['other'], false],
  [[], false],
])('namespaces %j cover "default": %s', (namespaces, expected) => {
  expect(mayUseNamespace({ ...access, namespaces }, 'default')).toBe(expected);
});
