import assert from 'node:assert';
import { timingSafeEqual } from 'node:crypto';
import { HandshakeInvalidError } from './errors.js';
import {
  type HandshakeOptions,
  type HandshakeStep,
  type HandshakeView,
  MORE,
  openSession,
  readRefusal,
  refuse,
} from './handshake.js';
import { encodeHello, HELLO_TYPES, HelloReader } from './hello.js';
import { decodeServerHello, encodeClientHello, NONCE_SIZE, PROOF_SIZE } from './hello-payload.js';
import { checkIdentity } from './identity.js';
import { deriveSessionKeys } from './session-keys.js';
import { SUPPORTED_VERSIONS } from './version.js';

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
  readonly #options: HandshakeOptions;
  readonly #view: HandshakeView;
  readonly #hello: Buffer;
  readonly #reader = new HelloReader();
  #isOver = false;

  /** @throws IdentityInvalidError */
  constructor(options: HandshakeOptions) {
    assert(options.secret.length === 32, 'a cluster secret has 32 bytes');
    const identity = checkIdentity(options.identity);
    const versions = options.versions ?? SUPPORTED_VERSIONS;
    const nonce = options.random.bytes(NONCE_SIZE);
    this.#options = options;
    this.#view = { side: 'client', cluster: identity.cluster, purpose: options.purpose, versions };
    const payload = encodeClientHello({ purpose: options.purpose, identity, nonce }, versions);
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

  /** The proof is checked before anything else the server says is believed. */
  #accept(payload: Buffer, rest: Buffer): HandshakeStep {
    if (payload.length < PROOF_SIZE) throw new HandshakeInvalidError('its hello is cut short');
    const signed = payload.subarray(PROOF_SIZE);
    const keys = deriveSessionKeys(this.#options.secret, [this.#hello, signed]);
    const { versions, cluster } = this.#view;
    if (!timingSafeEqual(keys.serverProof, payload.subarray(0, PROOF_SIZE)))
      throw refuse('key_mismatch', this.#view, versions);
    const { version, identity } = decodeServerHello(signed);
    if (version < versions.min || version > versions.max)
      throw new HandshakeInvalidError('it chose a version it was not offered');
    if (identity.cluster !== cluster) throw refuse('cluster_mismatch', this.#view, versions);
    const session = openSession(keys, 'client', {
      version,
      remote: identity,
      recordSizeMax: this.#options.recordSizeMax,
    });
    return { kind: 'done', session, rest, send: encodeHello(HELLO_TYPES.clientProof, keys.clientProof) };
  }
}
