import type { Random } from '@panal/runtime';
import { between, isHit } from './draw.js';
import {
  DATAGRAM_SIZE_MAX,
  type Endpoint,
  LAN,
  type LinkQuality,
  STREAM_QUEUE_SIZE_MAX,
  STREAM_STALL_MS,
} from './link.js';
import type { Simulation } from './simulation.js';
import { Stream, type StreamHalf } from './stream.js';

interface Attached {
  readonly endpoint: Endpoint;
  readonly life: number;
}

/** Counted for the report. */
export interface NetworkCounters {
  messages: number;
  messageBytes: number;
  datagrams: number;
  datagramsLost: number;
  streamsBroken: number;
}

/**
 * Hosts by name, and what passes between them: streams, ordered and reliable until they break, and datagrams. Any
 * direction of any pair can be cut by itself.
 */
export class SimulatedNetwork {
  readonly counters: NetworkCounters = {
    messages: 0,
    messageBytes: 0,
    datagrams: 0,
    datagramsLost: 0,
    streamsBroken: 0,
  };
  readonly #attached = new Map<string, Attached>();
  readonly #streams = new Map<string, Stream>();
  /** Names whose machine is off: nobody refuses a connection there, it just does not come about. */
  readonly #silent = new Set<string>();
  readonly #cuts = new Set<string>();
  readonly #qualities = new Map<string, LinkQuality>();
  readonly #random: Random;
  #lives = 0;

  constructor(
    private readonly simulation: Simulation,
    private readonly quality: LinkQuality = LAN,
  ) {
    this.#random = simulation.random('network');
  }

  /** A process begins to listen under this name. */
  attach(name: string, endpoint: Endpoint): void {
    this.#lives += 1;
    this.#silent.delete(name);
    this.#attached.set(name, { endpoint, life: this.#lives });
  }

  /**
   * The process is gone. What it had sent and what was on its way to it vanishes.
   * @param isSilent The machine is gone too: the others learn of it by their own timeouts only.
   */
  detach(name: string, { isSilent }: { readonly isSilent: boolean }): void {
    this.#attached.delete(name);
    if (isSilent) this.#silent.add(name);
    for (const [key, stream] of this.#streams) {
      if (stream.there.from !== name && stream.there.to !== name) continue;
      this.#streams.delete(key);
      stream.drop();
      const peer = stream.there.from === name ? stream.there.to : stream.there.from;
      const isUnheard = isSilent || this.isCut(name, peer);
      this.#tellDown(peer, name, isUnheard ? STREAM_STALL_MS : this.#latency(name, peer), stream);
    }
  }

  setQuality(from: string, to: string, quality: LinkQuality | undefined): void {
    if (quality === undefined) this.#qualities.delete(pair(from, to));
    else this.#qualities.set(pair(from, to), quality);
  }

  /** Nothing passes from `from` to `to` any more; the other direction stays as it is. */
  cut(from: string, to: string): void {
    this.#cuts.add(pair(from, to));
  }

  mend(from: string, to: string): void {
    this.#cuts.delete(pair(from, to));
  }

  mendAll(): void {
    this.#cuts.clear();
    this.#qualities.clear();
  }

  isCut(from: string, to: string): boolean {
    return this.#cuts.has(pair(from, to));
  }

  /** Whether both directions are open. */
  areConnected(a: string, b: string): boolean {
    return !this.isCut(a, b) && !this.isCut(b, a);
  }

  /** Nothing passes between hosts of different groups; a host in no group is cut from all. */
  partition(hosts: readonly string[], groups: readonly (readonly string[])[]): void {
    for (const from of hosts) {
      const group = groups.find((one) => one.includes(from));
      for (const to of hosts) if (from !== to && group?.includes(to) !== true) this.cut(from, to);
    }
  }

  datagram(from: string, to: string, bytes: Buffer): void {
    this.counters.datagrams += 1;
    const quality = this.#qualityOf(from, to);
    const isLost = bytes.length > DATAGRAM_SIZE_MAX || isHit(this.#random, quality.lossRate);
    const copyCount = isHit(this.#random, quality.duplicateRate) ? 2 : 1;
    if (isLost) {
      this.counters.datagramsLost += 1;
      return;
    }
    const senderLife = this.#attached.get(from)?.life;
    for (let copy = 0; copy < copyCount; copy += 1) {
      const lateMs = isHit(this.#random, quality.lateRate) ? between(this.#random, 0, quality.lateMs) : 0;
      this.simulation.after(this.#latency(from, to) + lateMs, () => {
        const isSenderGone = this.#attached.get(from)?.life !== senderLife;
        const receiver = this.#attached.get(to);
        if (isSenderGone || receiver === undefined || this.isCut(from, to)) return;
        this.simulation.trace.message(this.simulation.nowMs, from, to, bytes);
        receiver.endpoint.onDatagram(from, bytes);
      });
    }
  }

  /** Sends in order; makes a stream if there is none. What cannot arrive ends in `onStreamDown`. */
  send(from: string, to: string, bytes: Buffer): void {
    const stream = this.#streamOf(from, to);
    if (stream === undefined) return;
    const half = stream.half(from);
    if (half.queuedBytes + bytes.length > STREAM_QUEUE_SIZE_MAX) {
      this.simulation.note(from, `queue to ${to} is full`);
      this.#break(stream);
      return;
    }
    const quality = this.#qualityOf(from, to);
    const { nowMs } = this.simulation;
    half.sentAtMs = Math.max(half.sentAtMs, nowMs, stream.openAtMs) + bytes.length / quality.bytesPerMs;
    const resendMs = isHit(this.#random, quality.lossRate) ? quality.retransmitMs : 0;
    half.arrivesAtMs = Math.max(half.arrivesAtMs, half.sentAtMs + this.#latency(from, to) + resendMs);
    half.add({ bytes, dueMs: half.arrivesAtMs });
    this.#schedule(stream, half);
  }

  #streamOf(from: string, to: string): Stream | undefined {
    const key = from < to ? pair(from, to) : pair(to, from);
    const open = this.#streams.get(key);
    if (open !== undefined) return open;
    const here = this.#attached.get(from);
    const there = this.#attached.get(to);
    if (here === undefined) return undefined;
    const roundTripMs = this.#latency(from, to) + this.#latency(to, from);
    if (there === undefined) {
      const isRefused = this.areConnected(from, to) && !this.#silent.has(to);
      this.#tellDown(from, to, isRefused ? roundTripMs : STREAM_STALL_MS);
      return undefined;
    }
    const lives = new Map([
      [from, here.life],
      [to, there.life],
    ]);
    const stream = new Stream(lives, this.simulation.nowMs + roundTripMs, from, to);
    this.#streams.set(key, stream);
    return stream;
  }

  #schedule(stream: Stream, half: StreamHalf): void {
    const first = half.parcels[0];
    if (first === undefined || half.delivery !== undefined) return;
    const delayMs = Math.max(0, first.dueMs - this.simulation.nowMs);
    half.delivery = this.simulation.after(delayMs, () => this.#deliver(stream, half));
  }

  #deliver(stream: Stream, half: StreamHalf): void {
    half.delivery = undefined;
    if (!this.#progresses(stream, half)) return;
    const parcel = half.take();
    const receiver = this.#attached.get(half.to);
    if (parcel === undefined || receiver === undefined) return;
    this.counters.messages += 1;
    this.counters.messageBytes += parcel.bytes.length;
    this.simulation.trace.message(this.simulation.nowMs, half.from, half.to, parcel.bytes);
    this.#schedule(stream, half);
    receiver.endpoint.onMessage(half.from, parcel.bytes);
  }

  /** A cut direction holds what is in it, and breaks the stream when it lasts; a cut way back does so, too: nothing is acknowledged. */
  #progresses(stream: Stream, half: StreamHalf): boolean {
    if (this.areConnected(half.from, half.to)) {
      stream.stalledSinceMs = undefined;
      return true;
    }
    const { nowMs } = this.simulation;
    stream.stalledSinceMs ??= nowMs;
    if (nowMs - stream.stalledSinceMs >= STREAM_STALL_MS) {
      this.#break(stream);
      return false;
    }
    if (!this.isCut(half.from, half.to)) {
      this.#watch(stream);
      return true;
    }
    half.delivery = this.simulation.after(this.#qualityOf(half.from, half.to).retransmitMs, () =>
      this.#deliver(stream, half),
    );
    return false;
  }

  /** A stream whose one direction still passes has no event left that would notice the end of its patience. */
  #watch(stream: Stream): void {
    if (stream.isWatched) return;
    stream.isWatched = true;
    const sinceMs = stream.stalledSinceMs;
    this.simulation.after(STREAM_STALL_MS, () => {
      stream.isWatched = false;
      if (!stream.isBroken && stream.stalledSinceMs === sinceMs) this.#break(stream);
    });
  }

  #break(stream: Stream): void {
    const { from, to } = stream.there;
    this.#streams.delete(from < to ? pair(from, to) : pair(to, from));
    stream.drop();
    this.counters.streamsBroken += 1;
    this.simulation.note(from, `stream to ${to} breaks`);
    this.#tellDown(from, to, 0, stream);
    this.#tellDown(to, from, 0, stream);
  }

  /** Tells a process that still is the one that had the stream. */
  #tellDown(who: string, peer: string, delayMs: number, stream?: Stream): void {
    const life = stream === undefined ? this.#attached.get(who)?.life : stream.lives.get(who);
    this.simulation.after(delayMs, () => {
      const attached = this.#attached.get(who);
      if (attached !== undefined && attached.life === life) attached.endpoint.onStreamDown(peer);
    });
  }

  #latency(from: string, to: string): number {
    const { latencyMs } = this.#qualityOf(from, to);
    return between(this.#random, latencyMs.min, latencyMs.max);
  }

  #qualityOf(from: string, to: string): LinkQuality {
    return this.#qualities.get(pair(from, to)) ?? this.quality;
  }
}

function pair(from: string, to: string): string {
  return `${from}>${to}`;
}
