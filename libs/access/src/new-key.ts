import { EVERY_NAMESPACE, isNamespace, isNodeName, KEY_NAMESPACES_MAX } from '@panal/wire';
import { CLIENT_SECRET_SIZE } from './client-key.js';
import { KEY_ROLES, type KeyRole } from './known-key.js';

/** What is registered of a client key, as it travels sealed. */
export interface NewKey {
  readonly name: string;
  readonly role: KeyRole;
  readonly namespaces: readonly string[];
  /** 32 bytes. */
  readonly secret: Buffer;
}

/** As text to be sealed. */
export function encodeNewKey({ secret, ...key }: NewKey): Buffer {
  return Buffer.from(JSON.stringify({ ...key, secret: secret.toString('base64url') }));
}

/** @returns Undefined for anything that is no key. */
export function decodeNewKey(text: Buffer): NewKey | undefined {
  const { name, role, namespaces, secret } = parsed(text);
  const known = KEY_ROLES.find((one) => one === role);
  const bytes = decodeSecret(secret);
  if (typeof name !== 'string' || !isNodeName(name) || known === undefined || bytes === undefined) return undefined;
  if (!isNamespaceList(namespaces)) return undefined;
  return { name, role: known, namespaces, secret: bytes };
}

/** Namespaces of a key: some, or EVERY_NAMESPACE. */
export function isNamespaceList(value: unknown): value is readonly string[] {
  const isOne = (one: unknown): boolean => typeof one === 'string' && (one === EVERY_NAMESPACE || isNamespace(one));
  return Array.isArray(value) && value.length > 0 && value.length <= KEY_NAMESPACES_MAX && value.every(isOne);
}

export function decodeSecret(value: unknown): Buffer | undefined {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'base64url') : undefined;
  return bytes?.length === CLIENT_SECRET_SIZE ? bytes : undefined;
}

function parsed(text: Buffer): Partial<Record<keyof NewKey, unknown>> {
  try {
    const value: unknown = JSON.parse(text.toString('utf8'));
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    // Sealed by whoever may make keys, and none all the same: the caller says so.
    return {};
  }
}
