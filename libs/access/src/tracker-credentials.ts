import type { Clock } from '@panal/runtime';
import {
  type Access,
  type Admission,
  type Credential,
  CredentialFault,
  type HelloIdentity,
  type ServerCredentials,
} from '@panal/wire';
import type { ClusterKeyring } from './cluster-keyring.js';
import { fingerprintOf } from './fingerprint.js';
import { ClusterKeyCredentials } from './key-credentials.js';
import type { KeyDirectory, KeyRole, KnownKey } from './known-key.js';

export interface TrackerCredentialsOptions {
  readonly ring: ClusterKeyring;
  readonly keys: KeyDirectory;
  readonly clock: Clock;
}

/** Whom a tracker lets in: members of the cluster, and whoever has a client key that was registered and not revoked. */
export class TrackerCredentials implements ServerCredentials {
  readonly versionMin = 1;
  readonly #members: ClusterKeyCredentials;

  constructor(private readonly options: TrackerCredentialsOptions) {
    this.#members = new ClusterKeyCredentials(options.ring);
  }

  admit(shown: Credential | undefined): Admission {
    return shown?.kind === 'client-key' ? this.#admitClient(shown) : this.#members.admit(shown);
  }

  confirm({ keyId }: Access): void {
    if (keyId !== undefined && this.options.keys.isRevoked(keyId)) throw new CredentialFault('key_revoked');
  }

  #admitClient(shown: Extract<Credential, { kind: 'client-key' }>): Admission {
    const { keys } = this.options;
    const keyId = shown.keyId.toString('hex');
    if (keys.isRevoked(keyId)) throw new CredentialFault('key_revoked');
    if (!keys.isReady) throw new CredentialFault('access_not_ready');
    const key = keys.find(keyId);
    if (key === undefined) throw new CredentialFault('key_unknown');
    return {
      secret: this.#secretOf(key, shown.fingerprint),
      access: { role: key.role, keyId, namespaces: key.namespaces, peerId: undefined },
      principal: principalOf(key),
      credential: shown,
    };
  }

  #secretOf({ secrets }: KnownKey, fingerprint: Buffer): Buffer {
    const nowMs = this.options.clock.nowMs();
    const valid = secrets.filter(({ validUntilMs = Number.POSITIVE_INFINITY }) => nowMs < validUntilMs);
    const known = valid.find(({ secret }) => fingerprintOf('client key', secret).equals(fingerprint));
    // As if the proof were wrong: a secret that was replaced is no better than one that never was.
    if (known === undefined) throw new CredentialFault('key_mismatch', 'old secret');
    return known.secret;
  }
}

/** Who the bearer of a key is, whatever it says of itself. */
function principalOf({ role, name }: { role: KeyRole; name: string }): Pick<HelloIdentity, 'role' | 'principal'> {
  return role === 'peer' ? { role, principal: `peer:${name}` } : { role: 'client', principal: `client:${name}` };
}
