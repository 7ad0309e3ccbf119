import { PEER_ADDRESSES_MAX, type PeerAddress } from '@panal/wire';

/**
 * Who lives, under which name, and where: what every tracker knows of a peer. It is written by the tracker the peer beats
 * to, its session tracker, and ends with a tombstone when that one hears nothing for too long.
 */
export interface PeerRecord {
  readonly name: string;
  /** Start of the peer's process, ms since 1970. */
  readonly incarnation: number;
  /** Hybrid clock at which this process was first heard of. What the peer shared before that counts no longer. */
  readonly since: number;
  /** As advertised, else the one address the session tracker saw. Never empty. */
  readonly addresses: readonly PeerAddress[];
  /** The peer named its addresses itself, or the session tracker dialled one: they may be handed out. */
  readonly isDialable: boolean;
  readonly isAdvertised: boolean;
  /** The tracker the peer beats to. */
  readonly session: string;
}

/** A peer record as bytes: JSON, because it is small, seldom written, and later fields must not hurt older trackers. */
export function encodePeerRecord(record: PeerRecord): Buffer {
  return Buffer.from(JSON.stringify(record));
}

/** @returns Undefined for anything that is no peer record: a newer release may have changed it, a bug may have written it. */
export function decodePeerRecord(bytes: Buffer): PeerRecord | undefined {
  const value = parsed(bytes);
  if (!isObject(value)) return undefined;
  const { name, incarnation, since, addresses, isDialable, isAdvertised, session } = value;
  const isSound =
    typeof name === 'string' &&
    isWhole(incarnation) &&
    isWhole(since) &&
    typeof session === 'string' &&
    Array.isArray(addresses) &&
    addresses.length > 0 &&
    addresses.length <= PEER_ADDRESSES_MAX &&
    addresses.every(isAddress);
  if (!isSound) return undefined;
  return {
    name,
    incarnation,
    since,
    addresses: (addresses as readonly PeerAddress[]).map(({ network, host, port }) => ({ network, host, port })),
    isDialable: isDialable === true,
    isAdvertised: isAdvertised === true,
    session,
  };
}

/** What is told of a torrent before, or without, its torrent file. */
export interface AboutRecord {
  readonly title: string;
  readonly sizeBytes: number;
}

export function encodeAboutRecord({ title, sizeBytes }: AboutRecord): Buffer {
  return Buffer.from(JSON.stringify({ title, sizeBytes }));
}

/** @returns Undefined for anything that is no such record. */
export function decodeAboutRecord(bytes: Buffer): AboutRecord | undefined {
  const value = parsed(bytes);
  if (!isObject(value)) return undefined;
  const { title, sizeBytes } = value;
  return typeof title === 'string' && isWhole(sizeBytes) ? { title, sizeBytes } : undefined;
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isAddress(value: unknown): value is PeerAddress {
  if (!isObject(value)) return false;
  const { network, host, port } = value;
  return typeof network === 'string' && typeof host === 'string' && isWhole(port) && port > 0 && port < 65_536;
}
