import { CURVE_KEY_SIZE, KEYS_AT_ONCE_MAX } from '@panal/access';
import {
  type AccessNotice,
  type AnnounceReply,
  type ClusterHints,
  type ClusterMembersReply,
  CONTENT_ID_SIZES,
  type DeregisterReply,
  HANDOUT_PEERS_MAX,
  HEARTBEAT_TORRENTS_MAX,
  type HeartbeatReply,
  HOST_SIZE_MAX,
  IDENTIFIER_SIZE_MAX,
  KEY_ID_SIZE,
  type LookupReply,
  METADATA_SIZE_MAX,
  type MetadataGetReply,
  type MetadataPutReply,
  NAME_HISTORY_MAX,
  type NameGetReply,
  type NamePutReply,
  type NameVersion,
  OWNERS_MAX,
  PEER_ADDRESSES_MAX,
  PEER_ID_SIZE,
  type PeerAddress,
  type PeerInfo,
  REVOKED_KEYS_MAX,
  TICKET_SIZE_MAX,
  TITLE_SIZE_MAX,
  type TicketReply,
  TORRENT_LIST_MAX,
  TORRENT_NAME_SIZE_MAX,
  TORRENT_NAMES_MAX,
  type TorrentListReply,
  type TorrentSummary,
  TRACKER_ID_SIZE,
  TRACKER_MEMBERS_MAX,
  type TrackerMember,
  type TrackerPhase,
  type WriteReply,
} from '@panal/wire';
import { ReplyInvalidError } from './errors.js';

/** A host in brackets and a port. */
const HOST_PORT_SIZE_MAX = HOST_SIZE_MAX + 8;

// What a tracker answers is checked before anything dials, merges or shows it: one faulty tracker must not spoil what the
// others said. By hand and not by DTO classes, because a handout of 200 peers is read at every announce.

export function readLookup(value: unknown): LookupReply {
  const reply = fieldsOf(value);
  return {
    peers: list(reply, 'peers', HANDOUT_PEERS_MAX).map(readPeer),
    seedCount: count(reply, 'seedCount'),
    leechCount: count(reply, 'leechCount'),
    ...hintsOf(reply),
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
    ...copiesOf(reply),
  };
}

export function readHeartbeat(value: unknown): HeartbeatReply {
  const reply = fieldsOf(value);
  return {
    unknown: list(reply, 'unknown', HEARTBEAT_TORRENTS_MAX).map((hash) => contentId(hash, 'unknown')),
    heartbeatIntervalMs: positive(reply, 'heartbeatIntervalMs'),
    peerTtlMs: positive(reply, 'peerTtlMs'),
    ...(isAbsent(reply.revoked) ? {} : { revoked: keyIds(reply) }),
    ...hintsOf(reply),
  };
}

export function readTicket(value: unknown): TicketReply {
  const reply = fieldsOf(value);
  const { ticket } = reply;
  if (!(ticket instanceof Uint8Array) || ticket.length > TICKET_SIZE_MAX) throw new ReplyInvalidError('ticket');
  const signingKeys = list(reply, 'signingKeys', KEYS_AT_ONCE_MAX).map((key) =>
    bytesOf(key, CURVE_KEY_SIZE, 'signingKeys'),
  );
  return { ticket, expiresAt: positive(reply, 'expiresAt'), signingKeys, revoked: keyIds(reply), ...hintsOf(reply) };
}

export function readAccessNotice(value: unknown): AccessNotice {
  return { revoked: keyIds(fieldsOf(value)) };
}

export function readDeregister(value: unknown): DeregisterReply {
  const reply = fieldsOf(value);
  return { wasRegistered: flag(reply, 'wasRegistered'), ...hintsOf(reply), ...copiesOf(reply) };
}

export function readMetadataPut(value: unknown): MetadataPutReply {
  const reply = fieldsOf(value);
  return { wasNew: flag(reply, 'wasNew'), ...hintsOf(reply), ...copiesOf(reply) };
}

export function readMetadataGet(value: unknown): MetadataGetReply {
  const reply = fieldsOf(value);
  const { bytes } = reply;
  const isBytes = bytes instanceof Uint8Array && bytes.length <= METADATA_SIZE_MAX;
  if (!isBytes && bytes !== null) throw new ReplyInvalidError('bytes');
  return { bytes, ...hintsOf(reply) };
}

export function readNamePut(value: unknown): NamePutReply {
  const reply = fieldsOf(value);
  const meaning = { isCurrent: flag(reply, 'isCurrent'), hash: contentId(reply.hash, 'hash') };
  return { ...meaning, ...hintsOf(reply), ...copiesOf(reply) };
}

export function readNameGet(value: unknown): NameGetReply {
  const reply = fieldsOf(value);
  return {
    ...readNameVersion(value),
    history: list(reply, 'history', NAME_HISTORY_MAX).map(readNameVersion),
    ...hintsOf(reply),
  };
}

export function readTorrentList(value: unknown): TorrentListReply {
  const reply = fieldsOf(value);
  const torrents = list(reply, 'torrents', TORRENT_LIST_MAX).map(readSummary);
  const page = { torrents, ...hintsOf(reply) };
  return isAbsent(reply.next) ? page : { ...page, next: contentId(reply.next, 'next') };
}

export function readClusterMembers(value: unknown): ClusterMembersReply {
  const reply = fieldsOf(value);
  const members = {
    clusterId: text(reply, 'clusterId', IDENTIFIER_SIZE_MAX),
    epoch: count(reply, 'epoch'),
    slotCount: positive(reply, 'slotCount'),
    members: list(reply, 'members', TRACKER_MEMBERS_MAX).map(readMember),
  };
  return isAbsent(reply.self) ? members : { ...members, self: trackerId(reply.self) };
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
  return { network: text(fieldsOf(value), 'network', IDENTIFIER_SIZE_MAX), ...readHostPort(value) };
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

const PHASES: readonly unknown[] = ['joining', 'active', 'leaving'] satisfies TrackerPhase[];

function readMember(value: unknown): TrackerMember {
  const member = fieldsOf(value);
  const { weight, phase } = member;
  if (typeof weight !== 'number' || !Number.isFinite(weight) || weight <= 0) throw new ReplyInvalidError('weight');
  if (!PHASES.includes(phase)) throw new ReplyInvalidError('phase');
  return {
    id: trackerId(member.id),
    name: text(member, 'name', IDENTIFIER_SIZE_MAX),
    rpc: readHostPort(member.rpc),
    zone: text(member, 'zone', IDENTIFIER_SIZE_MAX),
    weight,
    phase: phase as TrackerPhase,
    isAlive: flag(member, 'isAlive'),
  };
}

function readHostPort(value: unknown): TrackerMember['rpc'] {
  const address = fieldsOf(value);
  const port = positive(address, 'port');
  if (port > 65_535) throw new ReplyInvalidError('port');
  return { host: text(address, 'host', HOST_SIZE_MAX), port };
}

function keyIds(reply: Fields): readonly Uint8Array[] {
  return list(reply, 'revoked', REVOKED_KEYS_MAX).map((keyId) => bytesOf(keyId, KEY_ID_SIZE, 'revoked'));
}

function bytesOf(value: unknown, size: number, name: string): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length !== size) throw new ReplyInvalidError(name);
  return value;
}

function trackerId(value: unknown): string {
  const isId = typeof value === 'string' && value.length === TRACKER_ID_SIZE && /^[0-9a-f]+$/.test(value);
  if (!isId) throw new ReplyInvalidError('id of a tracker');
  return value;
}

/** What a tracker of version 1, or one that serves alone, leaves out. */
function hintsOf(reply: Fields): ClusterHints {
  const owners = isAbsent(reply.owners)
    ? {}
    : { owners: list(reply, 'owners', OWNERS_MAX).map((owner) => text({ owner }, 'owner', HOST_PORT_SIZE_MAX)) };
  return isAbsent(reply.membersEpoch) ? owners : { ...owners, membersEpoch: count(reply, 'membersEpoch') };
}

function copiesOf(reply: Fields): Pick<WriteReply, 'copies'> {
  return isAbsent(reply.copies) ? {} : { copies: count(reply, 'copies') };
}

/** MessagePack has no "absent" for a field that is set to undefined: it arrives as null. */
function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
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
