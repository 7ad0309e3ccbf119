// What peers and clients ask of a tracker. Fields without `@since` are there since protocol version 1; those with it are in
// message-versions.ts as well.
// `hash` is a content id (20 bytes for v1, else 32). `index` is -1 for the whole torrent, else the part of its metadata.
// Bytes in a decoded message are the receiver's own. Sizes and counts are bounded in limits.ts.

/** Patterns of the tracker's messages: what Nest handlers name and what clients call. */
export const TRACKER_PATTERNS = {
  announce: 'tracker.peers.announce',
  deregister: 'tracker.peers.deregister',
  heartbeat: 'tracker.peers.heartbeat',
  lookup: 'tracker.peers.lookup',
  metadataPut: 'tracker.metadata.put',
  metadataGet: 'tracker.metadata.get',
  namePut: 'tracker.names.put',
  nameGet: 'tracker.names.get',
  torrentList: 'tracker.torrents.list',
  status: 'tracker.status.get',
  /** @since 2 */
  clusterMembers: 'tracker.cluster.members',
  /** @since 2 */
  clusterStatus: 'tracker.cluster.status',
  /** @since 2 */
  clusterSlots: 'tracker.cluster.slots',
  /** @since 2 */
  clusterDrain: 'tracker.cluster.drain',
  /** @since 2 */
  clusterRepair: 'tracker.cluster.repair',
  /** @since 3 */
  clusterCordon: 'tracker.cluster.cordon',
  /** @since 3 */
  clusterUncordon: 'tracker.cluster.uncordon',
  /** @since 3 */
  clusterSnapshot: 'tracker.cluster.snapshot',
  /** @since 3 */
  ticket: 'tracker.access.ticket',
  /** Answered by a stream. @since 3 */
  accessWatch: 'tracker.access.watch',
  /** @since 3 */
  keyCreate: 'tracker.keys.create',
  /** @since 3 */
  keyRotate: 'tracker.keys.rotate',
  /** @since 3 */
  keyRevoke: 'tracker.keys.revoke',
  /** @since 3 */
  keyList: 'tracker.keys.list',
} as const;

/** `index` of a message about the torrent as a whole. */
export const WHOLE_TORRENT = -1;

export interface PeerAddress {
  /** Which network the address belongs to; `default` where there is one. */
  readonly network: string;
  readonly host: string;
  readonly port: number;
}

/** A peer as it describes itself. */
export interface PeerIdentity {
  /** 16 bytes, the same as long as the peer has its data folder and its key. With a client key it has to be bound to that. */
  readonly id: Uint8Array;
  /** Unique in the cluster; what people call it. */
  readonly name: string;
  /** Start of the process, ms since 1970: tells a restarted peer from an old message. */
  readonly incarnation: number;
  /** Where it is reached; empty: as the tracker sees it, at `dataPort`. */
  readonly addresses: readonly PeerAddress[];
  readonly dataPort: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A peer as a tracker hands it out. */
export interface PeerInfo {
  readonly id: Uint8Array;
  readonly name: string;
  readonly addresses: readonly PeerAddress[];
  /** It has the whole torrent. */
  readonly isComplete: boolean;
}

/** In every request. */
export interface TrackerRequest {
  /** `default` until rights are enforced. */
  readonly namespace: string;
}

/** In every request about one torrent. */
export interface TorrentRequest extends TrackerRequest {
  readonly hash: Uint8Array;
  readonly index: number;
}

/** In replies: what the tracker that answered knows of its cluster. Absent where it serves alone. */
export interface ClusterHints {
  /**
   * Where the trackers listen (HOST:PORT) that keep the records of the torrent the reply is about, best first, at most
   * OWNERS_MAX. Any other answers as well, one hop later. @since 2
   */
  readonly owners?: readonly string[];
  /** `epoch` of its member list: newer than the one the asker has, it is worth asking for. @since 2 */
  readonly membersEpoch?: number;
}

/** In replies to what changes something. */
export interface WriteReply extends ClusterHints {
  /** Trackers that held the change when this was answered, 1 to TRACKER_MEMBERS_MAX. @since 2 */
  readonly copies?: number;
}

export interface AnnounceRequest extends TorrentRequest {
  readonly peer: PeerIdentity;
  readonly isComplete: boolean;
  readonly chunksDone: number;
  readonly sizeBytes: number;
  /** Display name of the torrent. */
  readonly title: string;
  /** 0 to HANDOUT_PEERS_MAX. */
  readonly peerCountMax: number;
}

export interface AnnounceReply extends LookupReply, WriteReply {
  readonly heartbeatIntervalMs: number;
  /** Without a heartbeat for so long, the peer is forgotten. */
  readonly peerTtlMs: number;
  /** The tracker has the torrent's metadata; else the announcer may put it. */
  readonly isMetadataKnown: boolean;
  /** The announcer's address as the tracker sees it. */
  readonly observedHost: string;
}

export interface DeregisterRequest extends TorrentRequest {
  readonly peerId: Uint8Array;
}

export interface DeregisterReply extends WriteReply {
  readonly wasRegistered: boolean;
}

export interface HeartbeatRequest extends TrackerRequest {
  readonly peerId: Uint8Array;
  readonly incarnation: number;
  /** All torrents of the peer, at most HEARTBEAT_TORRENTS_MAX. */
  readonly torrents: readonly HeartbeatTorrent[];
}

export interface HeartbeatTorrent {
  readonly hash: Uint8Array;
  readonly isComplete: boolean;
}

export interface HeartbeatReply extends ClusterHints {
  /** Torrents the tracker does not have this peer for: announce them again. */
  readonly unknown: readonly Uint8Array[];
  readonly heartbeatIntervalMs: number;
  readonly peerTtlMs: number;
  /**
   * Ids of client keys that were revoked so lately that their tickets may not be over yet, the newest first, at most
   * REVOKED_KEYS_MAX. Absent: none. @since 3
   */
  readonly revoked?: readonly Uint8Array[];
}

export interface LookupRequest extends TorrentRequest {
  /** Who asks, to be left out of the answer. */
  readonly peerId?: Uint8Array;
  readonly peerCountMax: number;
}

export interface LookupReply extends ClusterHints {
  /** Never the asker. */
  readonly peers: readonly PeerInfo[];
  readonly seedCount: number;
  readonly leechCount: number;
}

export interface MetadataPutRequest extends TorrentRequest {
  /** The torrent file, or its part `index`; at most METADATA_SIZE_MAX. The tracker checks that it has this content id. */
  readonly bytes: Uint8Array;
}

export interface MetadataPutReply extends WriteReply {
  readonly wasNew: boolean;
}

export type MetadataGetRequest = TorrentRequest;

export interface MetadataGetReply extends ClusterHints {
  readonly bytes: Uint8Array | null;
}

export interface NamePutRequest extends TrackerRequest {
  readonly name: string;
  readonly hash: Uint8Array;
  /** Hybrid clock of the sharer; older than the current one loses. */
  readonly setAt: number;
}

export interface NamePutReply extends WriteReply {
  /** The name now means this request's torrent. */
  readonly isCurrent: boolean;
  /** What the name means now. */
  readonly hash: Uint8Array;
}

export interface NameGetRequest extends TrackerRequest {
  readonly name: string;
}

/** An unknown name is the error `name_unknown`. */
export interface NameGetReply extends NameVersion, ClusterHints {
  /** Earlier meanings, newest first, at most NAME_HISTORY_MAX. */
  readonly history: readonly NameVersion[];
}

export interface NameVersion {
  readonly hash: Uint8Array;
  readonly setAt: number;
}

export interface TorrentListRequest extends TrackerRequest {
  /** Goes on after this content id; absent: from the start. */
  readonly after?: Uint8Array;
  /** 1 to TORRENT_LIST_MAX. */
  readonly countMax: number;
}

export interface TorrentListReply extends ClusterHints {
  /** By content id. */
  readonly torrents: readonly TorrentSummary[];
  /** What to ask for next; absent at the end. */
  readonly next?: Uint8Array;
}

export interface TorrentSummary {
  readonly hash: Uint8Array;
  readonly title: string;
  readonly sizeBytes: number;
  readonly seedCount: number;
  readonly leechCount: number;
  readonly requestCount: number;
  readonly names: readonly string[];
}

export type TrackerStatusRequest = TrackerRequest;

export interface TrackerStatusReply {
  readonly id: string;
  readonly name: string;
  /** Release of Panal. */
  readonly version: string;
  readonly uptimeMs: number;
  readonly torrentCount: number;
  readonly peerCount: number;
  /** (torrent, peer) pairs. */
  readonly entryCount: number;
  readonly nameCount: number;
}

/** @since 2 */
export type ClusterMembersRequest = TrackerRequest;

/** The trackers of the cluster, as the one that answers sees them. @since 2 */
export interface ClusterMembersReply {
  /** Which cluster it is: two with the same name and key that have not met yet are told apart by it. */
  readonly clusterId: string;
  /** Grows with every change of the list. Only epochs told by the same tracker need be comparable. */
  readonly epoch: number;
  readonly slotCount: number;
  /** All but those known to have left, itself included, at most TRACKER_MEMBERS_MAX. */
  readonly members: readonly TrackerMember[];
  /** `id` of the one that answers: an asker that knows it by another address learns that both are the same. */
  readonly self?: string;
}

/** One tracker of a cluster. @since 2 */
export interface TrackerMember {
  /** 32 hex digits: 16 random bytes, kept in its data folder. */
  readonly id: string;
  readonly name: string;
  /** Where peers and clients reach it. */
  readonly rpc: { readonly host: string; readonly port: number };
  /** What fails together; empty where nobody said. */
  readonly zone: string;
  /** Its share of the work, relative to the others'; more than 0. */
  readonly weight: number;
  /** Joining: it answers, and keeps nothing yet. Leaving: it still answers, and hands over what it keeps. */
  readonly phase: TrackerPhase;
  readonly isAlive: boolean;
  /** No record depends on it: it may be stopped. Absent: nobody said so. @since 3 */
  readonly isCordoned?: boolean;
}

export type TrackerPhase = 'joining' | 'active' | 'leaving';
