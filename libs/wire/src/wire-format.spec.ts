import { SeededRandom } from '@panal/runtime';
import { ClientHandshake } from './client-handshake.js';
import { encodeFrame } from './envelope.js';
import { HandshakeInvalidError } from './errors.js';
import type { HandshakeOptions } from './handshake.js';
import { encodeHello, HELLO_TYPES } from './hello.js';
import { encodeClientHello, encodeServerHello } from './hello-payload.js';
import { RecordSealer } from './record.js';
import { ServerHandshake } from './server-handshake.js';
import { deriveSessionKeys } from './session-keys.js';
import { SUPPORTED_VERSIONS } from './version.js';

// What is on the wire in version 1, byte for byte. A release that changes any of this no longer talks to the ones before it:
// raise the protocol version and keep what is here working.

const secret = Buffer.alloc(32, 1);
const nonce = Buffer.alloc(32, 0xaa);
const identity = { role: 'peer', cluster: 'panal', principal: 'peer:alice' } as const;
const tracker = { role: 'tracker', cluster: 'panal', principal: 'tracker:t1' } as const;

const options = (who: HandshakeOptions['identity']): HandshakeOptions => ({
  identity: who,
  secret,
  random: { below: () => 0, bytes: (size) => Buffer.alloc(size, 0xaa) },
  purpose: 'rpc',
  versions: { min: 1, max: 1 },
});

describe('version 1 on the wire', () => {
  it('has this client hello', () => {
    expect(new ClientHandshake(options(identity)).start().toString('hex')).toBe(
      `c550414e414c010037${'00010001'}${'00'}${'00'}${'aa'.repeat(32)}${'0570616e616c'}${'0a706565723a616c696365'}`,
    );
  });

  it('is offered beside later versions by this release', () => {
    const hello = new ClientHandshake({ ...options(identity), versions: SUPPORTED_VERSIONS }).start();
    expect(hello.subarray(0, 13).toString('hex')).toBe(`c550414e414c01003a${'00010003'}`);
  });

  it('has this server hello and client proof', () => {
    const client = new ClientHandshake(options(identity));
    const answer = new ServerHandshake(options(tracker)).receive(client.start());
    const bytes = answer.kind === 'send' ? answer.bytes : Buffer.alloc(0);
    const done = client.receive(bytes);
    const proof = done.kind === 'done' ? done.send?.toString('hex') : '';
    expect(bytes.toString('hex')).toBe(
      'c550414e414c0200542c14d2f60f63cf2054fc5741fba58fbd6ded02d29ceaca2194f99934c9ca0679000101aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0570616e616c0a747261636b65723a7431',
    );
    expect(proof).toBe('c550414e414c030020114339f3fee240de8a698dbcbb69b046dfbe355004b8954f176feb8d442964dd');
  });

  it('has this envelope', () => {
    const frame = encodeFrame({
      kind: 'request',
      msgId: 7,
      timestamp: 1_700_000_000_000,
      version: 1_700_000_000_000 * 4096,
      endpoint: 'tracker',
      handler: 'names',
      command: 'get',
      data: { namespace: 'default', name: 'llm:v3' },
    });
    expect(frame.toString('hex')).toBe(
      '0000004600000000074278bcfe568000004338bcfe5680000011747261636b65722e6e616d65732e67657482a96e616d657370616365a764656661756c74a46e616d65a66c6c6d3a7633',
    );
  });

  it('has these records', () => {
    const sealer = new RecordSealer({ key: Buffer.alloc(32, 2) });
    const records = ['one', 'two'].map((text) => Buffer.concat(sealer.seal([Buffer.from(text)])).toString('hex'));
    expect(records).toEqual([
      '000000036f6e65ac233f21ee199084b880952d52ef40f9',
      '0000000374776fc16a37c4cad8c672e7ea74a62045473d',
    ]);
  });
});

describe('a later version on the wire', () => {
  it('may add to the end of the client hello, and the proofs cover what it adds', () => {
    const server = new ServerHandshake(options(tracker));
    const payload = encodeClientHello({ purpose: 'rpc', identity, nonce, credential: undefined }, { min: 1, max: 2 });
    const hello = encodeHello(HELLO_TYPES.clientHello, Buffer.concat([payload, Buffer.from('new in 2')]));
    const answer = server.receive(hello);
    const sent = answer.kind === 'send' ? answer.bytes : Buffer.alloc(0);
    const signed = encodeServerHello({ version: 1, identity: tracker, nonce, credential: undefined });
    const { serverProof, clientProof } = deriveSessionKeys(secret, [hello, signed]);
    expect(sent.subarray(9)).toEqual(Buffer.concat([serverProof, signed]));
    expect(server.receive(encodeHello(HELLO_TYPES.clientProof, clientProof)).kind).toBe('done');
  });

  it('may add to the end of the server hello', () => {
    const client = new ClientHandshake(options(identity));
    expect(client.receive(answerTo(client, 1, Buffer.from('new in 2'))).kind).toBe('done');
  });

  it('is not accepted from a server that chose it without being offered it', () => {
    const client = new ClientHandshake(options(identity));
    expect(() => client.receive(answerTo(client, 2))).toThrow(HandshakeInvalidError);
  });

  it('is refused by its range alone, whatever else the hello has become', () => {
    const server = new ServerHandshake(options(tracker));
    const hello = encodeHello(HELLO_TYPES.clientHello, Buffer.from([0, 2, 0, 3, 0xff, 0xff]));
    expect(() => server.receive(hello)).toThrow(
      expect.objectContaining({ code: 'protocol_unsupported', theirs: { min: 2, max: 3 } }),
    );
  });
});

describe('nonces', () => {
  it('come from the generator given, one for each connection', () => {
    const random = new SeededRandom(4);
    const hellos = [1, 2].map(() => new ClientHandshake({ ...options(identity), random }).start().toString('hex'));
    expect(hellos[0]).not.toBe(hellos[1]);
  });
});

/** What a member of the cluster could answer, well or badly. */
function answerTo(client: ClientHandshake, version: number, more = Buffer.alloc(0)): Buffer {
  const signed = Buffer.concat([encodeServerHello({ version, identity: tracker, nonce, credential: undefined }), more]);
  const { serverProof } = deriveSessionKeys(secret, [client.start(), signed]);
  return encodeHello(HELLO_TYPES.serverHello, Buffer.concat([serverProof, signed]));
}
