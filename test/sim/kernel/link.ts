/** How a network treats what one host sends to another. */
export interface LinkQuality {
  readonly latencyMs: { readonly min: number; readonly max: number };
  /** Of datagrams; a stream sends again, which costs it `retransmitMs`. */
  readonly lossRate: number;
  readonly duplicateRate: number;
  /** Part of the datagrams that are late by up to `lateMs`, so that others overtake them. */
  readonly lateRate: number;
  readonly lateMs: number;
  readonly retransmitMs: number;
  readonly bytesPerMs: number;
}

/** One switch and one gigabit. */
export const LAN: LinkQuality = {
  latencyMs: { min: 0.1, max: 0.6 },
  lossRate: 0,
  duplicateRate: 0,
  lateRate: 0,
  lateMs: 20,
  retransmitMs: 200,
  bytesPerMs: 100_000,
};

/** Datagrams beyond this do not travel: what passes an Ethernet without fragments, as the product promises. */
export const DATAGRAM_SIZE_MAX = 1200;
/** Bytes that wait in one direction of one stream; more break it, as a bounded queue of the product does. */
export const STREAM_QUEUE_SIZE_MAX = 32 * 1024 * 1024;
/** A stream that makes no progress for so long breaks: keep-alive or user timeout of TCP, as the product sets it. */
export const STREAM_STALL_MS = 5000;
/** Datagrams that wait in the socket of a process that stands still; more are dropped. */
export const DATAGRAM_BACKLOG_MAX = 256;

/** What a host does with what arrives. The network calls it only while the host's process lives. */
export interface Endpoint {
  onMessage(from: string, bytes: Buffer): void;
  onDatagram(from: string, bytes: Buffer): void;
  /** The stream to `peer` is gone, and with it everything that had not arrived. The next send makes a new one. */
  onStreamDown(peer: string): void;
}
