export { ClientHandshake } from './client-handshake.js';
export {
  DATAGRAM_BODY_SIZE_MAX,
  DATAGRAM_FAULTS,
  type DatagramFault,
  type DatagramPurpose,
  DatagramSeal,
  type DatagramSealOptions,
  type OpenedDatagram,
} from './cluster-datagram.js';
export { CLUSTER_PORT, DISCOVERY_GROUP, DISCOVERY_PORT } from './cluster-ports.js';
export { DataMessageError } from './data-errors.js';
export {
  BLOCK_BYTES_MAX,
  CHUNK_COUNT_MAX,
  DATA_RECORD_BYTES_MAX,
  HAVE_CHUNKS_MAX,
  METADATA_BYTES_MAX,
  METADATA_PART_BYTES_MAX,
} from './data-limits.js';
export {
  type DataMessage,
  decodeDataMessages,
  encodeDataMessage,
  type MetadataMessage,
  type MetadataRequestMessage,
  type OpenedMessage,
  type OpenMessage,
  type RequestMessage,
} from './data-messages.js';
export {
  decodeEnvelope,
  type Envelope,
  type EnvelopeKind,
  encodeFrame,
  splitFrames,
} from './envelope.js';
export {
  BodyInvalidError,
  BodyUnencodableError,
  ClockAheadError,
  ClusterMismatchError,
  DatagramTooLargeError,
  EnvelopeInvalidError,
  HandshakeError,
  HandshakeInvalidError,
  IdentityInvalidError,
  KeyMismatchError,
  ProtocolUnsupportedError,
  PurposeMismatchError,
  RecordForgedError,
  RecordTooLargeError,
  RecordTruncatedError,
} from './errors.js';
export type { HandshakeOptions, HandshakeStep, Session } from './handshake.js';
export { HybridClock, hybridTimeMs, isHybridTime } from './hybrid-clock.js';
export type { HelloIdentity, HelloRole } from './identity.js';
export {
  BODY_DEPTH_MAX,
  BODY_KEY_SIZE_MAX,
  BODY_VALUES_MAX,
  CLOCK_AHEAD_MAX_MS,
  CONTENT_ID_SIZES,
  DATAGRAM_SIZE_MAX,
  ERROR_CODE_SIZE_MAX,
  ERROR_TEXT_SIZE_MAX,
  FRAME_SIZE_MAX,
  HANDOUT_PEERS_MAX,
  HEARTBEAT_TORRENTS_MAX,
  HELLO_SIZE_MAX,
  HELLO_TIMEOUT_MS,
  HOST_SIZE_MAX,
  IDENTIFIER_SIZE_MAX,
  METADATA_SIZE_MAX,
  NAME_HISTORY_MAX,
  PATTERN_PART_SIZE_MAX,
  PEER_ADDRESSES_MAX,
  PEER_ID_SIZE,
  PEER_LABEL_SIZE_MAX,
  PEER_LABELS_MAX,
  RECORD_SIZE_MAX,
  TITLE_SIZE_MAX,
  TORRENT_LIST_MAX,
  TORRENT_NAME_SIZE_MAX,
  TORRENT_NAMES_MAX,
} from './limits.js';
export { DEFAULT_NAMESPACE, isNamespace, isNodeName, isTorrentName } from './name-syntax.js';
export { type PatternParts, parsePattern, patternOf } from './pattern.js';
export {
  type CatalogEntry,
  type CatalogView,
  type DownloadRequest,
  PEER_API_PREFIX,
  type PeerFile,
  type PeerStatus,
  type SchedulerName,
  type ShareRequest,
  type SourceView,
  type TorrentFormatName,
  type TorrentKind,
  type TorrentState,
  type TorrentView,
  type TrackerView,
  type VerifyMode,
} from './peer-api.js';
export type { HelloPurpose } from './purpose.js';
export { type OpenedRecord, RECORD_OVERHEAD, RecordOpener, type RecordOptions, RecordSealer } from './record.js';
export { ServerHandshake } from './server-handshake.js';
export {
  type AnnounceReply,
  type AnnounceRequest,
  type DeregisterReply,
  type DeregisterRequest,
  type HeartbeatReply,
  type HeartbeatRequest,
  type HeartbeatTorrent,
  type LookupReply,
  type LookupRequest,
  type MetadataGetReply,
  type MetadataGetRequest,
  type MetadataPutReply,
  type MetadataPutRequest,
  type NameGetReply,
  type NameGetRequest,
  type NamePutReply,
  type NamePutRequest,
  type NameVersion,
  type PeerAddress,
  type PeerIdentity,
  type PeerInfo,
  type TorrentListReply,
  type TorrentListRequest,
  type TorrentRequest,
  type TorrentSummary,
  TRACKER_PATTERNS,
  type TrackerRequest,
  type TrackerStatusReply,
  type TrackerStatusRequest,
  WHOLE_TORRENT,
} from './tracker-messages.js';
export { PROTOCOL_VERSION, PROTOCOL_VERSION_MIN, SUPPORTED_VERSIONS, type VersionRange } from './version.js';
