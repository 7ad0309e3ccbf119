import { createHash, hkdfSync } from 'node:crypto';
import { PROOF_SIZE } from './hello-payload.js';
import { RECORD_KEY_SIZE } from './record-mac.js';

/** Everything one connection derives from the cluster's secret. The four are independent of each other. */
export interface SessionKeys {
  readonly serverProof: Buffer;
  readonly clientProof: Buffer;
  readonly clientToServer: Buffer;
  readonly serverToClient: Buffer;
}

const INFO = 'panal handshake 1';

/**
 * HKDF-SHA-256 with the hash of the transcript as salt. The transcript holds both nonces, names, roles, the purpose and both
 * version ranges, so whoever changes any of them, or lacks the secret, gets other keys and fails both proofs. The proofs are
 * output of HKDF themselves: to show one is to show that one knows the secret and saw the same transcript.
 * @param transcript The client's hello and the server's without its proof, as they were on the wire.
 * @see RFC 5869
 */
export function deriveSessionKeys(secret: Buffer, transcript: readonly Buffer[]): SessionKeys {
  const hash = createHash('sha256');
  for (const part of transcript) hash.update(part);
  const size = 2 * PROOF_SIZE + 2 * RECORD_KEY_SIZE;
  const bytes = Buffer.from(hkdfSync('sha256', secret, hash.digest(), INFO, size));
  return {
    serverProof: bytes.subarray(0, 32),
    clientProof: bytes.subarray(32, 64),
    clientToServer: bytes.subarray(64, 96),
    serverToClient: bytes.subarray(96, 128),
  };
}
