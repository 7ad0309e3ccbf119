import { HELLO_TIMEOUT_MS } from '@panal/wire';
import {
  CONNECT_TIMEOUT_MS,
  RECONNECT_FIRST_MS,
  RECONNECT_MAX_MS,
  RECONNECT_RESET_MS,
  RPC_IDLE_TIMEOUT_MS,
  RPC_IN_FLIGHT_MAX,
  RPC_OUT_QUEUE_BYTES_MAX,
  RPC_PING_INTERVAL_MS,
  RPC_TIMEOUT_MS,
} from '../limits.js';

/** Bounds of one client; see `limits.ts` for the reason of each default. */
export interface RpcClientLimits {
  /** Setting up the connection, before the handshake, in ms. */
  readonly connectTimeoutMs: number;
  /** The handshake, in ms. */
  readonly handshakeTimeoutMs: number;
  /** A call that names no limit of its own, in ms. */
  readonly timeoutMs: number;
  /** Calls open at once; beyond it they fail with `rpc_busy`. */
  readonly inFlightMax: number;
  /** Bytes waiting for a server that does not read; then the connection is closed. */
  readonly outQueueBytesMax: number;
  /** After so long without a word the server is asked for one, in ms. */
  readonly pingIntervalMs: number;
  /** After so long without a word the connection is given up, in ms. */
  readonly idleTimeoutMs: number;
  /** Wait before the first new attempt to connect, in ms; doubled at each failure. */
  readonly reconnectFirstMs: number;
  /** Longest wait between attempts, in ms. */
  readonly reconnectMaxMs: number;
  /** A connection that lived so long counts as a success, in ms: a server that closes at once is not hammered. */
  readonly reconnectResetMs: number;
}

export const RPC_CLIENT_LIMITS: RpcClientLimits = {
  connectTimeoutMs: CONNECT_TIMEOUT_MS,
  handshakeTimeoutMs: HELLO_TIMEOUT_MS,
  timeoutMs: RPC_TIMEOUT_MS,
  inFlightMax: RPC_IN_FLIGHT_MAX,
  outQueueBytesMax: RPC_OUT_QUEUE_BYTES_MAX,
  pingIntervalMs: RPC_PING_INTERVAL_MS,
  idleTimeoutMs: RPC_IDLE_TIMEOUT_MS,
  reconnectFirstMs: RECONNECT_FIRST_MS,
  reconnectMaxMs: RECONNECT_MAX_MS,
  reconnectResetMs: RECONNECT_RESET_MS,
};
