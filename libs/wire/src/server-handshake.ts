import assert from 'node:assert';
import { timingSafeEqual } from 'node:crypto';
import { type Access, CredentialFault, type ServerCredentials } from './credentials.js';
import { HandshakeInvalidError, KeyMismatchError, KeyRevokedError } from './errors.js';
import {
  credentialsOf,
  type HandshakeOptions,
  type HandshakeStep,
  type HandshakeView,
  MORE,
  offeredVersions,
  openSession,
  readRefusal,
  refuse,
  refusing,
} from './handshake.js';
import { encodeHello, HELLO_TYPES, type HelloMessage, HelloReader } from './hello.js';
import {
  CREDENTIALS_SINCE,
  decodeClientHello,
  decodeClientVersions,
  encodeServerHello,
  NONCE_SIZE,
  PROOF_SIZE,
} from './hello-payload.js';
import { checkIdentity, type HelloIdentity } from './identity.js';
import { deriveSessionKeys, type SessionKeys } from './session-keys.js';
import { agreeVersion } from './version.js';

/** What the server remembers between its hello and the client's proof. */
interface Offer {
  readonly keys: SessionKeys;
  readonly version: number;
  readonly remote: HelloIdentity;
  readonly access: Access;
}

/**
 * The listening side of the hello, one for each connection. Knows no socket: give `receive` each chunk, send what the step or
 * the error's `reply` holds, and let HELLO_TIMEOUT_MS end a connection that is not done by then.
 */
export class ServerHandshake {
  readonly #options: HandshakeOptions<ServerCredentials>;
  readonly #credentials: ServerCredentials;
  readonly #view: HandshakeView;
  readonly #identity: HelloIdentity;
  readonly #reader = new HelloReader();
  #offer: Offer | undefined;
  #isOver = false;

  /** @throws IdentityInvalidError */
  constructor(options: HandshakeOptions<ServerCredentials>) {
    this.#credentials = credentialsOf(options.secret);
    this.#identity = checkIdentity(options.identity);
    this.#options = options;
    this.#view = {
      side: 'server',
      cluster: this.#identity.cluster,
      purpose: options.purpose,
      versions: offeredVersions(options.versions, this.#credentials),
    };
  }

  /** @throws HandshakeError, and then the connection is over. */
  receive(chunk: Buffer): HandshakeStep {
    assert(!this.#isOver, 'the hello is over');
    try {
      const step = this.#receive(chunk);
      this.#isOver = step.kind === 'done';
      return step;
    } catch (error) {
      this.#isOver = true;
      throw error;
    }
  }

  #receive(chunk: Buffer): HandshakeStep {
    const read = this.#reader.read(chunk);
    if (read === undefined) return MORE;
    const { message, rest } = read;
    if (this.#offer !== undefined) return this.#finish(this.#offer, message, rest);
    // The client's next message depends on ours: whatever follows its hello now was not made by a client of this protocol.
    if (rest.length > 0) throw new HandshakeInvalidError('it did not wait for an answer to its hello');
    return this.#answer(message);
  }

  #answer(message: HelloMessage): HandshakeStep {
    if (message.type !== HELLO_TYPES.clientHello) throw new HandshakeInvalidError('it did not begin with its hello');
    const theirs = decodeClientVersions(message.payload);
    const version = agreeVersion(this.#view.versions, theirs);
    if (version === undefined) throw refuse('protocol_unsupported', this.#view, theirs);
    const hello = decodeClientHello(message.payload);
    if (hello.purpose !== this.#view.purpose)
      throw refuse('purpose_mismatch', { ...this.#view, purpose: hello.purpose }, theirs);
    if (hello.identity.cluster !== this.#view.cluster) throw refuse('cluster_mismatch', this.#view, theirs);
    const shown = version < CREDENTIALS_SINCE ? undefined : hello.credential;
    const { credential, secret, access, principal } = refusing(this.#view, theirs, () =>
      this.#credentials.admit(shown),
    );
    const nonce = this.#options.random.bytes(NONCE_SIZE);
    const signed = encodeServerHello({ version, identity: this.#identity, nonce, credential });
    const keys = deriveSessionKeys(secret, [message.bytes, signed]);
    this.#offer = { keys, version, remote: { ...hello.identity, ...principal }, access };
    return { kind: 'send', bytes: encodeHello(HELLO_TYPES.serverHello, Buffer.concat([keys.serverProof, signed])) };
  }

  #finish({ keys, ...agreed }: Offer, { type, payload }: HelloMessage, rest: Buffer): HandshakeStep {
    if (type === HELLO_TYPES.refusal) throw readRefusal(payload, this.#view);
    if (type !== HELLO_TYPES.clientProof || payload.length !== PROOF_SIZE) {
      throw new HandshakeInvalidError('it answered out of turn');
    }
    // No refusal: this client accepted our proof and reads records by now. Someone stands between, or it is forged.
    if (!timingSafeEqual(keys.clientProof, payload)) throw new KeyMismatchError('server', this.#view.cluster);
    // For the same reason none when the client's key was revoked meanwhile.
    this.#confirm(agreed.access);
    const session = openSession(keys, 'server', { ...agreed, recordSizeMax: this.#options.recordSizeMax });
    return { kind: 'done', session, rest };
  }

  #confirm(access: Access): void {
    try {
      this.#credentials.confirm(access);
    } catch (error) {
      throw error instanceof CredentialFault ? new KeyRevokedError('server') : error;
    }
  }
}
