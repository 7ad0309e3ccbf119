export type {
  ClusterLinks,
  ClusterLinksHandlers,
  LinkCounters,
  LinkMember,
  LinkRequestOptions,
  LinkStatus,
  LinkTarget,
} from './cluster/cluster-links.js';
export { ClusterDiscovery, type ClusterDiscoveryOptions } from './cluster/discovery/cluster-discovery.js';
export { TcpClusterLinks, type TcpClusterLinksOptions } from './cluster/tcp-cluster-links.js';
export { BlockSlots } from './data/block-slots.js';
export { DataDialer, type DataDialerOptions, type DialedTorrent } from './data/data-dialer.js';
export {
  ContentMismatchError,
  ContentUnknownError,
  DataConnectionLostError,
  DataProtocolError,
} from './data/data-errors.js';
export { DOWNLOAD_SLOTS_MAX } from './data/data-limits.js';
export { DataServer, type DataServerOptions } from './data/data-server.js';
export { DialedConnections } from './data/dialed-connections.js';
export { MetadataDialer, type MetadataDialerOptions, type WantedMetadata } from './data/metadata-dialer.js';
export type { ContentDirectory, OfferedContent, Visitor } from './data/offered-content.js';
export {
  ConnectError,
  HandshakeCutError,
  HandshakeTimeoutError,
  ListenError,
  MessageInvalidError,
  NoTrackerError,
  OutQueueFullError,
  PatternInvalidError,
  PortTakenError,
  ProtocolViolationError,
  ReplyInvalidError,
  RpcAbortedError,
  RpcBusyError,
  RpcClientClosedError,
  RpcClosingError,
  RpcDisconnectedError,
  RpcTimeoutError,
  RpcUnknownCommandError,
  SilentError,
  TooManyTrackersError,
  type TrackerFailure,
} from './errors.js';
export { type Dial, type DialOptions, dialTcp } from './rpc/dial-tcp.js';
export { DtoPipe } from './rpc/dto-pipe.js';
export { RPC_CLIENT_LIMITS, type RpcClientLimits } from './rpc/rpc-client-limits.js';
export type { RpcClientStatus } from './rpc/rpc-client-status.js';
export { type MessageStamp, RpcContext, type RpcRemote } from './rpc/rpc-context.js';
export { useRpcDefaults } from './rpc/rpc-defaults.js';
export { RpcErrorFilter } from './rpc/rpc-error-filter.js';
export type { RpcPorts } from './rpc/rpc-ports.js';
export { RPC_SERVER_LIMITS, type RpcServerLimits } from './rpc/rpc-server-limits.js';
export { type CallOptions, type StreamEvents, TcpRpcClient, type TcpRpcClientOptions } from './rpc/tcp-rpc-client.js';
export { RPC_TRANSPORT, TcpRpcServer, type TcpRpcServerOptions } from './rpc/tcp-rpc-server.js';
export { endStream, type Secured, type SecureOptions, secureClient, secureServer } from './secure-socket.js';
export { TrackerSet, type TrackerSetOptions } from './tracker-set.js';
export { type TrackerSetLimits } from './tracker-set-limits.js';
export type { TrackerClient } from './tracker-set-tracker.js';
