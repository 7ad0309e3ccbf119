import {
  type ClusterKeyring,
  decodeNewKey,
  decodeSecret,
  isSealedWith,
  type KeyDirectory,
  type KnownKey,
  openSecret,
  REVOCATION_TOLD_MS,
  REVOCATIONS_MAX,
  type SealingKey,
  sealingKeyOf,
  sealSecret,
} from '@panal/access';
import { type ClusterRecord, EVERYWHERE } from '@panal/cluster';
import type { Clock, Random } from '@panal/runtime';
import type {
  Access,
  KeyCreateReply,
  KeyListReply,
  KeyListRequest,
  KeyRevokeReply,
  KeyRotateReply,
  KeyRotateRequest,
  KeyView,
} from '@panal/wire';
import { ClientKeyExistsError, ClientKeyMissingError, ClientKeyUnreadableError, TrackerFullError } from './errors.js';
import { decodeKeyRecord, decodeRevocation, encodeKeyRecord } from './key-record.js';
import { KEYS_MAX, KEYS_PATIENCE_MS, KEYS_RESEALED_MAX, REVOKED_KEYS_LIFE_MS } from './limits.js';
import { keyRecordKey } from './record-keys.js';
import type { RecordMaker } from './record-maker.js';
import type { Replicas } from './replicas.js';

export interface KeyRegistryOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly make: RecordMaker;
  readonly replicas: Replicas;
  readonly ring: ClusterKeyring;
  readonly keyCountMax?: number;
}

/** A key record as this tracker has it; `key` undefined: it cannot be read. */
interface Held {
  readonly key: KnownKey | undefined;
  readonly record: ClusterRecord;
}

/**
 * The keys of clients, kept by every tracker: sealed on disk and on the way, open in memory. A revocation is a record of its
 * own, which no later change of the key undoes.
 */
export class KeyRegistry implements KeyDirectory {
  readonly #held = new Map<string, Held>();
  readonly #revokedAtMs = new Map<string, number>();
  readonly #listeners = new Set<(keyId: string) => void>();
  readonly #startedAtMs: number;
  /** Those to be told to peers, and until when it is all of them. */
  #recent: { readonly keyIds: readonly Buffer[]; readonly untilMs: number } = { keyIds: [], untilMs: 0 };

  constructor(private readonly options: KeyRegistryOptions) {
    this.#startedAtMs = options.clock.monotonicMs();
  }

  /** While others can tell what this tracker missed, it decides nothing; when nobody does for long, it goes by what it has. */
  get isReady(): boolean {
    const { clock, replicas } = this.options;
    return replicas.isAuthoritative(EVERYWHERE) || clock.monotonicMs() - this.#startedAtMs >= KEYS_PATIENCE_MS;
  }

  get counts(): { readonly good: number; readonly revoked: number; readonly unreadable: number } {
    const all = [...this.#held];
    const revoked = all.filter(([id]) => this.#revokedAtMs.has(id)).length;
    const unreadable = all.filter(([, { key }]) => key === undefined).length;
    return { good: all.filter(([id, { key }]) => key && !this.#revokedAtMs.has(id)).length, revoked, unreadable };
  }

  find(keyId: string): KnownKey | undefined {
    return this.#held.get(keyId)?.key;
  }

  isRevoked(keyId: string): boolean {
    return this.#revokedAtMs.has(keyId);
  }

  /** Calls back with the id, in hex, of each key that is revoked from now on. @returns Ends it. */
  onRevoked(listener: (keyId: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Keys revoked so lately that a ticket of theirs may still be within its time; the newest first, at most REVOCATIONS_MAX. */
  recentlyRevoked(): readonly Buffer[] {
    const nowMs = this.options.clock.nowMs();
    if (this.#revokedAtMs.size === 0 || nowMs < this.#recent.untilMs) return this.#recent.keyIds;
    const recent = [...this.#revokedAtMs].filter(([, atMs]) => nowMs - atMs < REVOCATION_TOLD_MS);
    recent.sort(([, one], [, other]) => other - one);
    const oldestMs = recent.at(-1)?.[1] ?? Number.POSITIVE_INFINITY;
    const keyIds = recent.slice(0, REVOCATIONS_MAX).map(([keyId]) => Buffer.from(keyId, 'hex'));
    this.#recent = { keyIds, untilMs: oldestMs + REVOCATION_TOLD_MS };
    return keyIds;
  }

  /**
   * Registers a key. The same again is no error: its sender may not have got the answer.
   * @throws ClientKeyUnreadableError, ClientKeyExistsError, TrackerFullError
   */
  async create({ id, sealed }: { id: Uint8Array; sealed: Uint8Array }, by: Access): Promise<KeyCreateReply> {
    const keyId = hexOf(id);
    const made = decodeNewKey(this.#open(id, sealed, by));
    if (made === undefined) throw new ClientKeyUnreadableError();
    const { secret, ...about } = made;
    const known = this.#held.get(keyId);
    const isSame = known?.key?.name === about.name && known.key.secrets.some((one) => one.secret.equals(secret));
    if (known !== undefined && !isSame) throw new ClientKeyExistsError(about.name);
    if (this.#isNameTaken(about.name, keyId)) throw new ClientKeyExistsError(about.name);
    const keyCountMax = this.options.keyCountMax ?? KEYS_MAX;
    if (known === undefined && this.#held.size >= keyCountMax) throw new TrackerFullError('client keys', keyCountMax);
    const createdAtMs = this.options.clock.nowMs();
    const secrets = [{ secret, validUntilMs: undefined }];
    return this.options.replicas.write([this.#record({ ...about, id: keyId, createdAtMs, secrets })]);
  }

  /**
   * Gives a key a new secret beside the one it has, or, without one, drops the old. A third is never good: the oldest goes.
   * @throws ClientKeyMissingError, ClientKeyUnreadableError
   */
  async rotate({ id, sealed, oldUntil }: KeyRotateRequest, by: Access): Promise<KeyRotateReply> {
    const key = this.find(hexOf(id));
    if (key === undefined || this.isRevoked(key.id)) throw new ClientKeyMissingError(hexOf(id));
    const [current, ...older] = key.secrets;
    const secrets = current === undefined ? [] : [current];
    if (sealed !== undefined) {
      const secret = decodeSecret(this.#open(id, sealed, by).toString('latin1'));
      if (secret === undefined) throw new ClientKeyUnreadableError();
      const isRepeated = current?.secret.equals(secret) === true;
      if (isRepeated) secrets.push(...older);
      else
        secrets.splice(
          0,
          1,
          { secret, validUntilMs: undefined },
          { ...(current as KnownKey['secrets'][0]), validUntilMs: oldUntil },
        );
    }
    const { copies } = await this.options.replicas.write([this.#record({ ...key, secrets })]);
    return { copies, secretCount: secrets.length };
  }

  /** For good. @throws ClientKeyMissingError */
  async revoke({ id }: { id: Uint8Array }): Promise<KeyRevokeReply> {
    const keyId = hexOf(id);
    const { make, replicas, clock } = this.options;
    const wasRevoked = this.isRevoked(keyId);
    // Also one that cannot be read here: its secret may be in wrong hands all the same.
    if (!this.#held.has(keyId) && !wasRevoked) throw new ClientKeyMissingError(keyId);
    const { copies } = await replicas.write(wasRevoked ? [] : [make.revocation(id, clock.nowMs())]);
    return { copies, wasRevoked };
  }

  /** One page of all keys, in the order of their ids. */
  list({ after, countMax }: KeyListRequest): KeyListReply {
    const from = after === undefined ? '' : hexOf(after);
    const all = [...this.#held.values()].flatMap(({ key }) => (key !== undefined && key.id > from ? [key] : []));
    const page = all.sort((one, other) => (one.id < other.id ? -1 : 1)).slice(0, countMax);
    const keys = page.map((key) => this.#view(key));
    const last = keys.at(-1);
    return last === undefined || page.length === all.length ? { keys } : { keys, next: last.id };
  }

  /** A record of a key came, changed or went. */
  follow(keyId: Buffer, record: ClusterRecord | undefined): void {
    const id = hexOf(keyId);
    if (record === undefined) return void this.#held.delete(id);
    const text = openSecret(record.value, this.#sealingKeys(), record.key);
    this.#held.set(id, { key: text === undefined ? undefined : decodeKeyRecord(id, text), record });
  }

  /** A key was revoked; or so long ago that it need not be remembered. */
  followRevocation(keyId: Buffer, record: ClusterRecord | undefined): void {
    const id = hexOf(keyId);
    this.#recent = { ...this.#recent, untilMs: 0 };
    if (record === undefined) return void this.#revokedAtMs.delete(id);
    const isNew = !this.#revokedAtMs.has(id);
    this.#revokedAtMs.set(id, decodeRevocation(record.value));
    if (isNew) for (const listener of this.#listeners) listener(id);
  }

  /**
   * Seals with the cluster's key in use what is sealed with the other one, and forgets what was revoked long ago. One tracker
   * does it for all, within seconds, so that the old key can be dropped when every tracker uses the new one.
   */
  async tidy(): Promise<void> {
    const { replicas, make, clock, ring } = this.options;
    if (!replicas.isFirst(EVERYWHERE)) return;
    const fingerprint = sealingKeyOf(ring.key).fingerprint;
    const others = [...this.#held.values()].filter(
      ({ key, record }) => key && !isSealedWith(record.value, fingerprint),
    );
    // Stamped just behind the record it replaces: a change made meanwhile elsewhere is newer, and wins.
    const resealed = others
      .slice(0, KEYS_RESEALED_MAX)
      .map(({ key, record }) => ({ ...this.#record(key as KnownKey), clock: record.clock + 1 }));
    const nowMs = clock.nowMs();
    const over = [...this.#revokedAtMs].filter(([, atMs]) => nowMs - atMs >= REVOKED_KEYS_LIFE_MS);
    const ends = over.slice(0, KEYS_RESEALED_MAX).flatMap(([id]) => make.keyEnds(Buffer.from(id, 'hex')));
    if (resealed.length + ends.length > 0) await replicas.write([...resealed, ...ends]);
  }

  /** Sealed with the key of the cluster, or, by an admin that does not have it, with its own. */
  #open(id: Uint8Array, sealed: Uint8Array, by: Access): Buffer {
    const keys = by.keyId === undefined ? this.#sealingKeys() : (this.find(by.keyId)?.secrets ?? []).map(sealingKeyOf);
    const text = openSecret(Buffer.from(sealed), keys, Buffer.from(id));
    if (text === undefined) throw new ClientKeyUnreadableError();
    return text;
  }

  #sealingKeys(): readonly SealingKey[] {
    return this.options.ring.keys.map(sealingKeyOf);
  }

  #record(key: KnownKey): ClusterRecord {
    const { make, ring, random } = this.options;
    const id = Buffer.from(key.id, 'hex');
    return make.key(id, sealSecret(encodeKeyRecord(key), sealingKeyOf(ring.key), keyRecordKey('key', id), random));
  }

  #isNameTaken(name: string, except: string): boolean {
    return [...this.#held.values()].some(
      ({ key }) => key?.name === name && key.id !== except && !this.#revokedAtMs.has(key.id),
    );
  }

  #view({ id, name, role, namespaces, createdAtMs, secrets }: KnownKey): KeyView {
    const nowMs = this.options.clock.nowMs();
    const good = secrets.filter(({ validUntilMs = Number.POSITIVE_INFINITY }) => nowMs < validUntilMs);
    return {
      id: Buffer.from(id, 'hex'),
      name,
      role,
      namespaces,
      createdAt: createdAtMs,
      revokedAt: this.#revokedAtMs.get(id) ?? null,
      secretCount: good.length,
    };
  }
}

function hexOf(id: Uint8Array): string {
  return Buffer.from(id).toString('hex');
}
