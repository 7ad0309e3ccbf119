import { decodeNewKey, decodeSecret, encodeNewKey, type KnownKey, type KnownSecret } from '@panal/access';

/**
 * A client key as the text that is sealed: JSON, because it is small, seldom written, and later fields must not hurt older
 * trackers. The fields of a new key, those of its first secret, and what came later.
 */
export function encodeKeyRecord({ name, role, namespaces, secrets, createdAtMs }: KnownKey): Buffer {
  const [first] = secrets;
  const fields = JSON.parse(
    encodeNewKey({ name, role, namespaces, secret: (first as KnownSecret).secret }).toString(),
  ) as object;
  const texts = secrets.map(({ secret, validUntilMs }) => ({ secret: secret.toString('base64url'), validUntilMs }));
  return Buffer.from(JSON.stringify({ ...fields, createdAtMs, secrets: texts }));
}

/** @returns Undefined for anything that is no key: a newer release may have changed it. */
export function decodeKeyRecord(id: string, text: Buffer): KnownKey | undefined {
  const key = decodeNewKey(text);
  if (key === undefined) return undefined;
  const { secret: _, ...known } = key;
  const { createdAtMs, secrets } = JSON.parse(text.toString('utf8')) as { createdAtMs?: unknown; secrets?: unknown };
  if (!Number.isSafeInteger(createdAtMs) || !Array.isArray(secrets) || secrets.length === 0) return undefined;
  const read = (secrets as readonly unknown[]).map(readSecret);
  const sound = read.filter((one) => one !== undefined);
  return sound.length === read.length
    ? { ...known, id, createdAtMs: createdAtMs as number, secrets: sound }
    : undefined;
}

function readSecret(value: unknown): KnownSecret | undefined {
  const { secret, validUntilMs } = (value ?? {}) as { secret?: unknown; validUntilMs?: unknown };
  const bytes = decodeSecret(secret);
  const isBounded = Number.isSafeInteger(validUntilMs);
  if (bytes === undefined || !(isBounded || validUntilMs === undefined)) return undefined;
  return { secret: bytes, validUntilMs: isBounded ? (validUntilMs as number) : undefined };
}

/** When a key was revoked, ms since 1970. */
export function encodeRevocation(revokedAtMs: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntBE(revokedAtMs, 0, 6);
  return bytes;
}

/** Whatever it says, the key is revoked: what cannot be read counts as long ago. */
export function decodeRevocation(bytes: Buffer): number {
  return bytes.length >= 6 ? bytes.readUIntBE(0, 6) : 0;
}
