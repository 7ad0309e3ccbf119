import {
  type ClusterMessage,
  type ClusterNode,
  type ClusterRecord,
  type GossipMessage,
  type NodeEffect,
  type NodeEvent,
  parseClusterMessage,
  parseGossip,
} from '@panal/cluster';
import { type HostPort, type Logger, PanalError } from '@panal/runtime';
import type { WriteReceipt } from '@panal/tracking';
import type { ClusterLinks } from '@panal/transport-tcp';
import { ClockNotKeptError } from '../errors.js';
import type { RecordKeeper } from './record-keeper.js';

export interface ClusterRuntimeOptions {
  readonly node: Pick<ClusterNode, 'step'>;
  readonly keeper: RecordKeeper;
  readonly logger: Logger;
  /** Members came, went or moved. */
  readonly onView: () => void;
  /** This process must not go on. */
  readonly onFatal: (error: PanalError) => void;
}

/** A write under way. One that is settled at once never has anybody waiting. */
interface OpenWrite {
  receipt?: WriteReceipt;
  error?: Error;
  resolve?: (receipt: WriteReceipt) => void;
  reject?: (error: Error) => void;
}

/**
 * Runs the cluster node of this tracker: brings it what happens, one thing after another, and does what it says. Nobody else
 * calls `step`.
 */
export class ClusterRuntime {
  /** Set before the first event: the links need this runtime to deliver to, and it needs them to send. */
  links: ClusterLinks | undefined;
  /** Called when something begins after a tick before which nothing was under way. */
  onWork: () => void = () => undefined;
  readonly #writes = new Map<number, OpenWrite>();
  readonly #waiting: NodeEvent[] = [];
  #token = 0;
  #isStepping = false;
  #isFlushDue = false;
  #hasWork = true;
  #invalidCount = 0;

  constructor(private readonly options: ClusterRuntimeOptions) {}

  /** Messages of other trackers that could not be read. */
  get invalidCount(): number {
    return this.#invalidCount;
  }

  /** Records went in or out since the last tick, or a write is under way: the next tick should come soon. */
  get hasWork(): boolean {
    return this.#hasWork;
  }

  /** The receipt, at once or later, when the cluster holds the records. Rejects with a PanalError when it refuses. */
  write(records: readonly ClusterRecord[]): WriteReceipt | Promise<WriteReceipt> {
    const newest = newestOf(records);
    return this.options.keeper.isKept(newest) ? this.#write(records) : this.#writeOnceKept(records, newest);
  }

  /**
   * A stamp beyond the mark on the disk could be made again after a crash and a clock set back; so nobody sees the record
   * before. Soft records go on with a disk that takes nothing: the next beat of the peer mends what they could do.
   */
  async #writeOnceKept(records: readonly ClusterRecord[], newest: number): Promise<WriteReceipt> {
    const isKept = await this.options.keeper.keep(newest);
    if (!isKept && records.some(({ recordClass }) => recordClass === 'durable')) throw new ClockNotKeptError();
    return this.#write(records);
  }

  #write(records: readonly ClusterRecord[]): WriteReceipt | Promise<WriteReceipt> {
    this.#token += 1;
    const token = this.#token;
    const write: OpenWrite = {};
    this.#writes.set(token, write);
    this.step({ kind: 'write', token, records });
    this.#flushSoon();
    if (write.receipt !== undefined) return write.receipt;
    if (write.error !== undefined) return Promise.reject(write.error);
    return new Promise((resolve, reject) => {
      write.resolve = resolve;
      write.reject = reject;
    });
  }

  tick(): void {
    this.#hasWork = this.#writes.size > 0;
    this.step({ kind: 'tick' });
  }

  onMessage(from: string, value: unknown): void {
    const message = this.#parsed<ClusterMessage>(from, value, parseClusterMessage);
    if (message !== undefined) this.step({ kind: 'message', from, message });
    this.#flushSoon();
  }

  onDatagram(from: HostPort, value: unknown): void {
    const message = this.#parsed<GossipMessage>(from, value, parseGossip);
    if (message !== undefined) this.step({ kind: 'datagram', from, message });
  }

  onPersisted(upTo: number): void {
    this.step({ kind: 'persisted', upTo });
  }

  /** Gives the node one event. What comes in the middle of a step waits for its turn. */
  step(event: NodeEvent): void {
    if (!this.#hasWork && isWork(event)) {
      this.#hasWork = true;
      this.onWork();
    }
    if (this.#isStepping) {
      this.#waiting.push(event);
      return;
    }
    this.#isStepping = true;
    try {
      for (let next: NodeEvent | undefined = event; next !== undefined; next = this.#waiting.shift()) {
        for (const effect of this.options.node.step(next)) this.#do(effect);
      }
    } finally {
      this.#isStepping = false;
    }
  }

  #do(effect: NodeEffect): void {
    const { keeper, logger, onFatal, onView } = this.options;
    switch (effect.kind) {
      case 'send':
        this.links?.send(effect.to, effect.message);
        return;
      case 'datagram':
        this.links?.datagram(effect.to, effect.message);
        return;
      case 'persist':
        keeper.append(effect.records, effect);
        return;
      case 'erase':
        for (const slot of effect.slots) keeper.eraseSlot(slot);
        return;
      case 'written':
        return settle(this.#take(effect.token), { copies: effect.copies });
      case 'refused':
        return fail(this.#take(effect.token), effect.error);
      case 'view':
        return onView();
      case 'known-addresses':
        return keeper.keepMembers(effect.addresses);
      case 'left':
        logger.info('This tracker has left the cluster', { isHandedOver: effect.isHandedOver });
        return;
      case 'fatal':
        return onFatal(effect.error);
      case 'log':
        logger[effect.level](effect.message, effect.fields);
    }
  }

  #take(token: number): OpenWrite | undefined {
    const write = this.#writes.get(token);
    this.#writes.delete(token);
    return write;
  }

  /** What one turn of the event loop brought goes out together. */
  #flushSoon(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    setImmediate(() => {
      this.#isFlushDue = false;
      this.step({ kind: 'flush' });
    });
  }

  #parsed<Message>(from: unknown, value: unknown, parse: (value: unknown) => Message): Message | undefined {
    try {
      return parse(value);
    } catch (error) {
      if (!(error instanceof PanalError)) throw error;
      this.#invalidCount += 1;
      this.options.logger.warn('A message of another tracker could not be read', { from, fault: error.message });
      return undefined;
    }
  }
}

/** Gossip and health go on all the time, and wait for no tick. */
function isWork({ kind }: NodeEvent): boolean {
  return kind !== 'tick' && kind !== 'datagram' && kind !== 'local-health';
}

function newestOf(records: readonly ClusterRecord[]): number {
  let newest = 0;
  for (const { clock } of records) if (clock > newest) newest = clock;
  return newest;
}

function settle(write: OpenWrite | undefined, receipt: WriteReceipt): void {
  if (write?.resolve !== undefined) write.resolve(receipt);
  else if (write !== undefined) write.receipt = receipt;
}

function fail(write: OpenWrite | undefined, error: Error): void {
  if (write?.reject !== undefined) write.reject(error);
  else if (write !== undefined) write.error = error;
}
