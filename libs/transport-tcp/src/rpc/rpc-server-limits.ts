import { HELLO_TIMEOUT_MS } from '@panal/wire';
import {
  RPC_CONNECTIONS_MAX,
  RPC_DRAIN_TIMEOUT_MS,
  RPC_HANDSHAKES_MAX,
  RPC_IDLE_TIMEOUT_MS,
  RPC_IN_FLIGHT_MAX,
  RPC_OUT_QUEUE_BYTES_MAX,
} from '../limits.js';

/** Bounds of one server; see `limits.ts` for the reason of each default. */
export interface RpcServerLimits {
  /** Connections, handshakes included. A further one is closed at once. */
  readonly connectionsMax: number;
  /** Connections in their handshake. A further one displaces the oldest. */
  readonly handshakesMax: number;
  /** From the connection to the end of the handshake, in ms. */
  readonly handshakeTimeoutMs: number;
  /** Messages of one connection being worked on at once; beyond it requests get `rpc_busy`. */
  readonly inFlightMax: number;
  /** Bytes waiting for one client that does not read; then its connection is closed. */
  readonly outQueueBytesMax: number;
  /** A connection from which nothing came for so long is closed, in ms. Clients ping more often. */
  readonly idleTimeoutMs: number;
  /** What `close` grants to requests already taken, in ms. */
  readonly drainTimeoutMs: number;
}

export const RPC_SERVER_LIMITS: RpcServerLimits = {
  connectionsMax: RPC_CONNECTIONS_MAX,
  handshakesMax: RPC_HANDSHAKES_MAX,
  handshakeTimeoutMs: HELLO_TIMEOUT_MS,
  inFlightMax: RPC_IN_FLIGHT_MAX,
  outQueueBytesMax: RPC_OUT_QUEUE_BYTES_MAX,
  idleTimeoutMs: RPC_IDLE_TIMEOUT_MS,
  drainTimeoutMs: RPC_DRAIN_TIMEOUT_MS,
};
