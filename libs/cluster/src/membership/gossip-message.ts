import type { HostPort } from '@panal/runtime';
import { MessageFields } from '../message-fields.js';
import type { TrackerId } from '../record.js';
import { NEWS_COUNT_MAX } from './limits.js';
import { type News, readNews } from './news.js';

interface GossipBase {
  readonly from: TrackerId;
  /** Of the sending process, so that a restart or a clone is noticed at once. */
  readonly startedAt: number;
  readonly news: readonly News[];
}

/** Are you there? Answered with `ack` and the same `seq` by `to`, and by nobody else who may have its address now. */
interface Ping extends GossipBase {
  readonly kind: 'ping';
  readonly seq: number;
  readonly to: TrackerId;
}

/** Ask `target` for me. Answered with its `ack`, or a `nack` when the one asked is there and the target is not. */
export interface PingRequest extends GossipBase {
  readonly kind: 'ping-request';
  readonly seq: number;
  readonly target: TrackerId;
  readonly address: HostPort;
}

export interface Ack extends GossipBase {
  readonly kind: 'ack';
  readonly seq: number;
  /** Wall clock of whom was asked, ms since 1970. */
  readonly timeMs: number;
}

interface Nack extends GossipBase {
  readonly kind: 'nack';
  readonly seq: number;
}

/** News alone. */
interface Rumours extends GossipBase {
  readonly kind: 'gossip';
}

/** What goes by UDP. In MessagePack it fits DATAGRAM_BODY_SIZE_MAX. */
export type GossipMessage = Ping | PingRequest | Ack | Nack | Rumours;

export type GossipBody =
  | Omit<Ping, keyof GossipBase>
  | Omit<PingRequest, keyof GossipBase>
  | Omit<Ack, keyof GossipBase>
  | Omit<Nack, keyof GossipBase>
  | Omit<Rumours, keyof GossipBase>;

const KINDS = ['ping', 'ping-request', 'ack', 'nack', 'gossip'] as const;
const SEQ_MAX = 0xffff_ffff;

/** @throws ClusterMessageInvalidError */
export function parseGossip(value: unknown): GossipMessage {
  const fields = new MessageFields(value);
  const kind = fields.word('kind', KINDS);
  const base = {
    from: fields.trackerId('from'),
    startedAt: fields.stamp('startedAt'),
    news: fields.list('news', NEWS_COUNT_MAX, readNews),
  };
  if (kind === 'gossip') return { kind, ...base };
  const seq = fields.whole('seq', 0, SEQ_MAX);
  switch (kind) {
    case 'ping':
      return { kind, ...base, seq, to: fields.trackerId('to') };
    case 'ping-request':
      return { kind, ...base, seq, target: fields.trackerId('target'), address: fields.address('address') };
    case 'ack':
      return { kind, ...base, seq, timeMs: fields.timeMs('timeMs') };
    case 'nack':
      return { kind, ...base, seq };
  }
}

/** Bytes a message takes at most in MessagePack before any news. */
export function bodySizeMax(body: GossipBody): number {
  return 200 + (body.kind === 'ping-request' ? body.address.host.length : 0);
}
