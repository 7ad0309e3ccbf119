import {
  type Admission,
  type Agreement,
  type ClientAttempt,
  type ClientCredentials,
  type Credential,
  CredentialFault,
  MEMBER_ACCESS,
  type ServerCredentials,
} from '@panal/wire';
import type { ClientKey } from './client-key.js';
import type { ClusterKey } from './cluster-key.js';
import type { ClusterKeyring } from './cluster-keyring.js';

/** The credentials of a member of the cluster: its key, or either of two while they are being replaced. */
export class ClusterKeyCredentials implements ClientCredentials, ServerCredentials {
  readonly versionMin = 1;

  constructor(private readonly ring: ClusterKeyring) {}

  begin(): ClientAttempt {
    const credential = { kind: 'cluster-key', fingerprint: printOf(this.ring.key) } as const;
    return { credential, agree: (shown) => this.agree(shown) };
  }

  admit(shown: Credential | undefined): Admission {
    if (shown?.kind === 'client-key') throw new CredentialFault('key_unknown');
    const key = this.#keyFor(shown);
    return { ...agreementOf(key), credential: { kind: 'cluster-key', fingerprint: printOf(key) } };
  }

  /** Whoever has the key has it until it is replaced. */
  confirm(): void {}

  /** With a side that has the cluster's key, too. */
  agree(shown: Credential | undefined): Agreement {
    return agreementOf(this.#keyFor(shown));
  }

  /** Before version 3 nothing was said of the key: it is the one in use. */
  #keyFor(shown: Credential | undefined): ClusterKey {
    if (shown === undefined || shown.kind === 'client-key') return this.ring.key;
    const { fingerprint } = shown;
    const key = fingerprint && this.ring.keys.find((one) => printOf(one).equals(fingerprint));
    if (key === undefined) throw new CredentialFault('key_mismatch');
    return key;
  }
}

/** The credentials of a client with a key of its own, for trackers. */
export class ClientKeyCredentials implements ClientCredentials {
  readonly versionMin = 3;

  constructor(private readonly key: ClientKey) {}

  begin(): ClientAttempt {
    const { id, fingerprint, secret } = this.key;
    const credential = { kind: 'client-key', keyId: id, fingerprint } as const;
    // A tracker proves with the same secret that it knows the key: no more is to be known of it.
    return { credential, agree: () => ({ secret, access: MEMBER_ACCESS, principal: undefined }) };
  }
}

function agreementOf({ secret }: ClusterKey): Agreement {
  return { secret, access: MEMBER_ACCESS, principal: undefined };
}

function printOf(key: ClusterKey): Buffer {
  return Buffer.from(key.fingerprint, 'hex');
}
