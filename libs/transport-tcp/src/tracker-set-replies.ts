import {
  type AnnounceReply,
  CONTENT_ID_SIZES,
  type DeregisterReply,
  HANDOUT_PEERS_MAX,
  HEARTBEAT_TORRENTS_MAX,
  type HeartbeatReply,
  HOST_SIZE_MAX,
  IDENTIFIER_SIZE_MAX,
  type LookupReply,
  METADATA_SIZE_MAX,
  type MetadataGetReply,
  type MetadataPutReply,
  NAME_HISTORY_MAX,
  type NameGetReply,
  type NamePutReply,
  type NameVersion,
  PEER_ADDRESSES_MAX,
  PEER_ID_SIZE,
  type PeerAddress,
  type PeerInfo,
  TITLE_SIZE_MAX,
  TORRENT_LIST_MAX,
  TORRENT_NAME_SIZE_MAX,
  TORRENT_NAMES_MAX,
  type TorrentListReply,
  type TorrentSummary,
} from '@panal/wire';
import { ReplyInvalidError } from './errors.js';

// What a tracker answers is checked before anything dials, merges or shows it: one faulty tracker must not spoil what the
// others said. By hand and not by DTO classes, because a handout of 200 peers is read at every announce.

export function readLookup(value: unknown): LookupReply {
  const reply = fieldsOf(value);
  return {
    peers: list(reply, 'peers', HANDOUT_PEERS_MAX).map(readPeer),
    seedCount: count(reply, 'seedCount'),
    leechCount: count(reply, 'leechCount'),
  };
}

export function readAnnounce(value: unknown): AnnounceReply {
  const reply = fieldsOf(value);
  return {
    ...readLookup(value),
    heartbeatIntervalMs: positive(reply, 'heartbeatIntervalMs'),
    peerTtlMs: positive(reply, 'peerTtlMs'),
    isMetadataKnown: flag(reply, 'isMetadataKnown'),
    observedHost: text(reply, 'observedHost', HOST_SIZE_MAX),
  };
}

export function readHeartbeat(value: unknown): HeartbeatReply {
  const reply = fieldsOf(value);
  return {
    unknown: list(reply, 'unknown', HEARTBEAT_TORRENTS_MAX).map((hash) => contentId(hash, 'unknown')),
    heartbeatIntervalMs: positive(reply, 'heartbeatIntervalMs'),
    peerTtlMs: positive(reply, 'peerTtlMs'),
  };
}

export function readDeregister(value: unknown): DeregisterReply {
  return { wasRegistered: flag(fieldsOf(value), 'wasRegistered') };
}

export function readMetadataPut(value: unknown): MetadataPutReply {
  return { wasNew: flag(fieldsOf(value), 'wasNew') };
}

export function readMetadataGet(value: unknown): MetadataGetReply {
  const { bytes } = fieldsOf(value);
  if (bytes === null) return { bytes };
  if (!(bytes instanceof Uint8Array) || bytes.length > METADATA_SIZE_MAX) throw new ReplyInvalidError('bytes');
  return { bytes };
}

export function readNamePut(value: unknown): NamePutReply {
  const reply = fieldsOf(value);
  return { isCurrent: flag(reply, 'isCurrent'), hash: contentId(reply.hash, 'hash') };
}

export function readNameGet(value: unknown): NameGetReply {
  return {
    ...readNameVersion(value),
    history: list(fieldsOf(value), 'history', NAME_HISTORY_MAX).map(readNameVersion),
  };
}

export function readTorrentList(value: unknown): TorrentListReply {
  const reply = fieldsOf(value);
  const torrents = list(reply, 'torrents', TORRENT_LIST_MAX).map(readSummary);
  // MessagePack has no "absent" for a field that is set to undefined: it arrives as null.
  return reply.next === undefined || reply.next === null
    ? { torrents }
    : { torrents, next: contentId(reply.next, 'next') };
}

function readPeer(value: unknown): PeerInfo {
  const peer = fieldsOf(value);
  const { id } = peer;
  if (!(id instanceof Uint8Array) || id.length !== PEER_ID_SIZE) throw new ReplyInvalidError('id of a peer');
  return {
    id,
    name: text(peer, 'name', IDENTIFIER_SIZE_MAX),
    addresses: list(peer, 'addresses', PEER_ADDRESSES_MAX).map(readAddress),
    isComplete: flag(peer, 'isComplete'),
  };
}

function readAddress(value: unknown): PeerAddress {
  const address = fieldsOf(value);
  const port = positive(address, 'port');
  if (port > 65_535) throw new ReplyInvalidError('port');
  return { network: text(address, 'network', IDENTIFIER_SIZE_MAX), host: text(address, 'host', HOST_SIZE_MAX), port };
}

function readNameVersion(value: unknown): NameVersion {
  const version = fieldsOf(value);
  return { hash: contentId(version.hash, 'hash'), setAt: count(version, 'setAt') };
}

function readSummary(value: unknown): TorrentSummary {
  const summary = fieldsOf(value);
  return {
    hash: contentId(summary.hash, 'hash'),
    title: text(summary, 'title', TITLE_SIZE_MAX),
    sizeBytes: count(summary, 'sizeBytes'),
    seedCount: count(summary, 'seedCount'),
    leechCount: count(summary, 'leechCount'),
    requestCount: count(summary, 'requestCount'),
    names: list(summary, 'names', TORRENT_NAMES_MAX).map((name) => text({ name }, 'name', TORRENT_NAME_SIZE_MAX)),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields {
  if (typeof value !== 'object' || value === null) throw new ReplyInvalidError('it is no object');
  return value as Fields;
}

function list(fields: Fields, name: string, countMax: number): readonly unknown[] {
  const value = fields[name];
  if (!Array.isArray(value) || value.length > countMax) throw new ReplyInvalidError(name);
  return value as readonly unknown[];
}

function text(fields: Fields, name: string, sizeMax: number): string {
  const value = fields[name];
  if (typeof value !== 'string' || value.length > sizeMax) throw new ReplyInvalidError(name);
  return value;
}

function flag(fields: Fields, name: string): boolean {
  const value = fields[name];
  if (typeof value !== 'boolean') throw new ReplyInvalidError(name);
  return value;
}

function count(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw new ReplyInvalidError(name);
  return value;
}

function positive(fields: Fields, name: string): number {
  const value = count(fields, name);
  if (value === 0) throw new ReplyInvalidError(name);
  return value;
}

function contentId(value: unknown, name: string): Uint8Array {
  if (!(value instanceof Uint8Array) || !CONTENT_ID_SIZES.includes(value.length)) throw new ReplyInvalidError(name);
  return value;
}
