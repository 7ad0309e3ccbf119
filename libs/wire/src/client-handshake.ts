import assert from 'node:assert';
import { timingSafeEqual } from 'node:crypto';
import type { ClientAttempt, ClientCredentials } from './credentials.js';
import { HandshakeInvalidError } from './errors.js';
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
import { encodeHello, HELLO_TYPES, HelloReader } from './hello.js';
import { decodeServerHello, encodeClientHello, NONCE_SIZE, PROOF_SIZE } from './hello-payload.js';
import { checkIdentity } from './identity.js';
import { deriveSessionKeys } from './session-keys.js';

/**
 * The dialling side of the hello. Knows no socket:
 * ```ts
 * socket.write(handshake.start());
 * // on each chunk, until done; a HandshakeError may carry a `reply` to send before closing
 * const step = handshake.receive(chunk);
 * if (step.kind === 'done') { socket.write(step.send); use(step.session); give(step.session.opener, step.rest); }
 * ```
 * The server proves the secret first, so the client shows a proof only to a member of its cluster.
 */
export class ClientHandshake {
  readonly #options: HandshakeOptions<ClientCredentials>;
  readonly #attempt: ClientAttempt;
  readonly #view: HandshakeView;
  readonly #hello: Buffer;
  readonly #reader = new HelloReader();
  #isOver = false;

  /** @throws IdentityInvalidError; AccessNotReadyError when there is nothing to show yet */
  constructor(options: HandshakeOptions<ClientCredentials>) {
    const identity = checkIdentity(options.identity);
    const credentials = credentialsOf(options.secret);
    const versions = offeredVersions(options.versions, credentials);
    const nonce = options.random.bytes(NONCE_SIZE);
    this.#options = options;
    this.#view = { side: 'client', cluster: identity.cluster, purpose: options.purpose, versions };
    this.#attempt = refusing(this.#view, versions, () => credentials.begin());
    const { credential } = this.#attempt;
    const payload = encodeClientHello({ purpose: options.purpose, identity, nonce, credential }, versions);
    this.#hello = encodeHello(HELLO_TYPES.clientHello, payload);
  }

  /** What the client sends first. */
  start(): Buffer {
    return this.#hello;
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
    const { type, payload } = read.message;
    if (type === HELLO_TYPES.refusal) throw readRefusal(payload, this.#view);
    if (type !== HELLO_TYPES.serverHello) throw new HandshakeInvalidError('it answered out of turn');
    return this.#accept(payload, read.rest);
  }

  /**
   * The proof is checked before anything else the server says is believed. What it shows comes first all the same: it says
   * which secret the proof is made with, and a ticket is believed for its signature.
   */
  #accept(payload: Buffer, rest: Buffer): HandshakeStep {
    if (payload.length < PROOF_SIZE) throw new HandshakeInvalidError('its hello is cut short');
    const signed = payload.subarray(PROOF_SIZE);
    const { versions, cluster } = this.#view;
    const { version, identity, credential } = decodeServerHello(signed);
    const agreed = refusing(this.#view, versions, () => this.#attempt.agree(credential));
    const keys = deriveSessionKeys(agreed.secret, [this.#hello, signed]);
    if (!timingSafeEqual(keys.serverProof, payload.subarray(0, PROOF_SIZE)))
      throw refuse('key_mismatch', this.#view, versions);
    if (version < versions.min || version > versions.max)
      throw new HandshakeInvalidError('it chose a version it was not offered');
    if (identity.cluster !== cluster) throw refuse('cluster_mismatch', this.#view, versions);
    const session = openSession(keys, 'client', {
      version,
      remote: { ...identity, ...agreed.principal },
      access: agreed.access,
      recordSizeMax: this.#options.recordSizeMax,
    });
    return { kind: 'done', session, rest, send: encodeHello(HELLO_TYPES.clientProof, keys.clientProof) };
  }
}
