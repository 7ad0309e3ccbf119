import {
  type AccessKey,
  type ClientKey,
  encodeNewKey,
  type KeyRole,
  makeClientKey,
  type SealingKey,
  sealingKeyOf,
  sealSecret,
} from '@panal/access';
import { ReportedError } from '@panal/runtime';
import {
  KEY_LIST_MAX,
  type KeyListReply,
  type KeyRevokeReply,
  type KeyRotateReply,
  type KeyView,
  TRACKER_PATTERNS,
} from '@panal/wire';
import { UsageError } from '../errors.js';
import { systemRandom } from '../key-files.js';
import type { TrackerConsole } from '../trackers/tracker-console.js';

/** What a new client key is to be good for. */
export interface KeyGrant {
  readonly name: string;
  readonly role: KeyRole;
  readonly namespaces: readonly string[];
}

/** Makes, lists and ends client keys, at whichever tracker answers. */
export class KeyConsole {
  constructor(private readonly trackers: TrackerConsole) {}

  /** A key that no tracker knows yet. @param id Of the key whose secret it is to replace. */
  make(name: string, id?: Buffer): ClientKey {
    const { key, cluster } = this.trackers;
    const signingPublicKey = key.kind === 'cluster' ? key.ring.signingKey.publicKey : key.key.signingPublicKey;
    return makeClientKey({ cluster, name, signingPublicKey, ...(id === undefined ? {} : { id }) }, systemRandom);
  }

  /** Lets the trackers know a key. The same again does no harm. */
  async register({ id, secret }: ClientKey, grant: KeyGrant): Promise<void> {
    await this.trackers.askAny(TRACKER_PATTERNS.keyCreate, {
      id,
      sealed: this.#seal(encodeNewKey({ ...grant, secret }), id),
    });
  }

  /** @param oldUntilMs Undefined: the old secret is good until `finish`. */
  async rotate({ id, secret }: ClientKey, oldUntilMs: number | undefined): Promise<KeyRotateReply> {
    const sealed = this.#seal(Buffer.from(secret.toString('base64url')), id);
    const until = oldUntilMs === undefined ? {} : { oldUntil: oldUntilMs };
    return this.trackers.askAny(TRACKER_PATTERNS.keyRotate, { id, sealed, ...until });
  }

  /** Drops the old secret. */
  async finish(id: Uint8Array): Promise<KeyRotateReply> {
    return this.trackers.askAny(TRACKER_PATTERNS.keyRotate, { id });
  }

  async revoke(id: Uint8Array): Promise<KeyRevokeReply> {
    return this.trackers.askAny(TRACKER_PATTERNS.keyRevoke, { id });
  }

  /** All of them, in the order of their ids. */
  async list(): Promise<readonly KeyView[]> {
    const all: KeyView[] = [];
    for (let after: Uint8Array | undefined, isFirst = true; isFirst || after !== undefined; isFirst = false) {
      const page = { countMax: KEY_LIST_MAX, ...(after === undefined ? {} : { after }) };
      const reply: KeyListReply = await this.trackers.askAny(TRACKER_PATTERNS.keyList, page);
      all.push(...reply.keys);
      after = reply.next;
    }
    return all;
  }

  /** The keys that are good and are meant by a name or an id. @throws UsageError when there is none */
  async find(nameOrId: string): Promise<readonly [KeyView, ...KeyView[]]> {
    const good = (await this.list()).filter(({ revokedAt }) => revokedAt === null);
    const [first, ...more] = good.filter(({ id, name }) => name === nameOrId || idOf(id) === nameOrId.toLowerCase());
    if (first === undefined) {
      throw new UsageError(`No client key that is good is called "${nameOrId}".`, 'See `panal keys list`.');
    }
    return [first, ...more];
  }

  #seal(text: Buffer, id: Buffer): Buffer {
    return sealSecret(text, sealingKeyFor(this.trackers.key), id, systemRandom);
  }
}

/** A key's id as people see it. */
export function idOf(id: Uint8Array): string {
  return Buffer.from(id).toString('hex');
}

/** A key of that name is there already. */
export function isNameTaken(error: unknown): boolean {
  return error instanceof ReportedError && error.code === 'client_key_exists';
}

function sealingKeyFor(key: AccessKey): SealingKey {
  return sealingKeyOf(key.kind === 'cluster' ? key.ring.key : key.key);
}
