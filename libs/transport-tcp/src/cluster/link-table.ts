import { formatAddress, type HostPort, type Logger, PanalError } from '@panal/runtime';
import { agreeVersion, ProtocolUnsupportedError } from '@panal/wire';
import { RpcBusyError } from '../errors.js';
import { LINKS_PER_NEIGHBOUR_MAX } from './cluster-limits.js';
import type { ClusterLink, ClusterLinkEvents } from './cluster-link.js';
import type { LinkMember, LinkTarget } from './cluster-links.js';
import { dialLink, type LinkDoor } from './link-dialer.js';
import {
  DuplicateTrackerError,
  LinkUnavailableError,
  OtherTrackerError,
  SelfLinkError,
  StaleTrackerError,
} from './link-errors.js';
import type { LinkHello } from './link-messages.js';
import { Neighbour, type NeighbourOptions } from './neighbour.js';

export interface LinkTableOptions {
  readonly door: LinkDoor;
  readonly logger: Logger;
  readonly onEnvelope: ClusterLinkEvents['onEnvelope'];
  readonly onOpened: (id: string, isFirst: boolean) => void;
  readonly onLost: (link: ClusterLink, id: string, outcome: { isLast: boolean; error: Error | undefined }) => void;
  readonly onDialFailed: (error: unknown) => void;
  readonly onDuplicate: (startedAt: number, at: HostPort) => void;
  readonly onSending: NeighbourOptions['onSending'];
  readonly onDropped: NeighbourOptions['onDropped'];
}

/** Who is linked with this tracker, or shall be. */
export class LinkTable implements ClusterLinkEvents {
  readonly #byId = new Map<string, Neighbour>();
  /** Addresses of which nobody knows yet who lives there. */
  readonly #byAddress = new Map<string, Neighbour>();
  #lastBeatMs: number;
  /** Since when this process runs without a halt. */
  #listeningSinceMs: number;
  #isClosing = false;
  #onEmpty: (() => void) | undefined;

  constructor(private readonly options: LinkTableOptions) {
    this.#lastBeatMs = options.door.ports.clock.monotonicMs();
    this.#listeningSinceMs = this.#lastBeatMs;
  }

  get neighbours(): readonly Neighbour[] {
    return [...this.#byId.values(), ...this.#byAddress.values()];
  }

  queuedBytes(id: string): number {
    return this.#byId.get(id)?.queuedBytes ?? 0;
  }

  /** Who is meant, or why nobody can be. */
  find(to: LinkTarget): Neighbour | PanalError {
    if (typeof to === 'string') return this.#byId.get(to) ?? new LinkUnavailableError(to, 'its address is not known');
    const text = formatAddress(to);
    for (const neighbour of this.#byId.values()) if (isLinkedAt(neighbour, text)) return neighbour;
    const known = this.#byAddress.get(text);
    if (known !== undefined) return known;
    return this.#hasRoom() ? this.#make({ id: undefined, address: to }) : this.#tooMany();
  }

  setMembers(members: readonly LinkMember[]): void {
    const { self } = this.options.door;
    const left = new Set(this.#byId.values());
    for (const { id, cluster } of members) {
      if (id === self.trackerId) continue;
      const neighbour = this.#byId.get(id) ?? this.#make({ id, address: cluster });
      left.delete(neighbour);
      neighbour.address = cluster;
      neighbour.isMember = true;
      // One of the two is enough, and both agree on which.
      neighbour.isWanted = self.trackerId < id;
      neighbour.dialIfWanted();
    }
    for (const neighbour of left) {
      neighbour.isMember = false;
      neighbour.isWanted = false;
    }
    this.#forgetIdle();
  }

  judge(link: ClusterLink, { trackerId, startedAt, protocol }: LinkHello): void {
    const { self } = this.options.door;
    if (trackerId === self.trackerId) {
      if (startedAt === self.startedAt) throw new SelfLinkError();
      this.options.onDuplicate(startedAt, link.address);
      throw new DuplicateTrackerError(trackerId);
    }
    if (agreeVersion(self.protocol, protocol) === undefined) {
      throw new ProtocolUnsupportedError(self.protocol, protocol);
    }
    const known = this.#byId.get(trackerId);
    for (const other of known?.links ?? []) {
      if ((other.hello?.startedAt ?? 0) > startedAt) throw new StaleTrackerError(trackerId);
    }
    if (known === undefined && !this.#hasRoom()) throw this.#tooMany();
  }

  onOpen(link: ClusterLink, { trackerId, startedAt }: LinkHello): void {
    const neighbour = this.#byId.get(trackerId) ?? this.#make({ id: trackerId, address: undefined });
    this.#dropSurplus(neighbour, startedAt);
    const isFirst = neighbour.current === undefined;
    if (link.isDialed) neighbour.address ??= link.address;
    this.options.onOpened(trackerId, isFirst);
    neighbour.adopt(link);
  }

  readonly onEnvelope: ClusterLinkEvents['onEnvelope'] = (link, envelope) => this.options.onEnvelope(link, envelope);

  onClose(link: ClusterLink, error: Error | undefined): void {
    const id = link.hello?.trackerId ?? '';
    const neighbour = this.#byId.get(id);
    neighbour?.lose(link);
    this.options.onLost(link, id, { isLast: neighbour?.current === undefined, error });
    if (this.#isClosing && this.neighbours.every(({ links }) => links.size === 0)) this.#onEmpty?.();
  }

  /** To be called at each beat: signs of life, silent links, and links and neighbours that nobody needs. */
  beat(): void {
    const { ports, limits } = this.options.door;
    const nowMs = ports.clock.monotonicMs();
    // After a halt of this process what others said waits in the sockets: they are not silent, it was deaf.
    if (nowMs - this.#lastBeatMs >= limits.idleTimeoutMs / 2) this.#listeningSinceMs = nowMs;
    this.#lastBeatMs = nowMs;
    const hasListened = nowMs - this.#listeningSinceMs >= limits.idleTimeoutMs;
    for (const neighbour of this.#byId.values()) {
      for (const link of neighbour.links) {
        const unusedMs = link.beat();
        if (hasListened) link.dropIfSilent();
        if (unusedMs >= limits.surplusTimeoutMs && this.#isSurplus(link, neighbour)) link.finish();
      }
      neighbour.dialIfWanted();
    }
    this.#forgetIdle();
  }

  /** Ends all links in good order. Resolves when they are closed; what does not close in time is the caller's to destroy. */
  close(): Promise<void> {
    this.#isClosing = true;
    for (const neighbour of this.neighbours) neighbour.close();
    const links = this.neighbours.flatMap((neighbour) => [...neighbour.links]);
    if (links.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
      for (const link of links) link.end();
    });
  }

  async #dial(neighbour: Neighbour, address: HostPort, signal: AbortSignal): Promise<void> {
    try {
      await dialLink(this.options.door, { address, signal, events: this.#eventsOfDial(neighbour, address) });
    } catch (error) {
      if (!signal.aborted) {
        this.options.onDialFailed(error);
        this.#logFailure(neighbour, error);
      }
      throw error;
    }
  }

  /** A dialled link may turn out to be with someone else than was meant. */
  #eventsOfDial(meant: Neighbour, address: HostPort): ClusterLinkEvents {
    return {
      judge: (link, hello) => this.judge(link, hello),
      onOpen: (link, hello) => {
        this.onOpen(link, hello);
        if (meant.id === undefined) this.#hasName(meant, hello.trackerId);
        else if (meant.id !== hello.trackerId) meant.failed(new OtherTrackerError(address, hello.trackerId));
      },
      onEnvelope: this.onEnvelope,
      onClose: (link, error) => this.onClose(link, error),
    };
  }

  /** What waited for an address goes to who was found there. */
  #hasName(nameless: Neighbour, id: string): void {
    this.#byAddress.delete(formatAddress(nameless.address ?? { host: '', port: 0 }));
    const neighbour = this.#byId.get(id);
    for (const waiting of nameless.takeWaiting()) {
      const error = neighbour?.send(waiting);
      if (error !== undefined) this.options.onDropped(waiting, error);
    }
    nameless.retire();
  }

  /** A tracker started anew has no use for links of its earlier process; and nobody has more of them than a few. */
  #dropSurplus(neighbour: Neighbour, startedAt: number): void {
    for (const link of neighbour.links) {
      if ((link.hello?.startedAt ?? 0) < startedAt) link.destroy(new StaleTrackerError(neighbour.id ?? ''));
    }
    const spare = [...neighbour.links].filter((link) => link.isOpen && link !== neighbour.current);
    if (spare.length + 1 >= LINKS_PER_NEIGHBOUR_MAX) spare[0]?.finish();
  }

  /** Of two links the one that the lower id dialled stays: both sides must not close one each. */
  #isSurplus(link: ClusterLink, neighbour: Neighbour): boolean {
    if (!link.isDialed) return false;
    if (!neighbour.isMember) return true;
    if (link === neighbour.current) return false;
    const { trackerId } = this.options.door.self;
    return neighbour.current?.isDialed === true || trackerId > (neighbour.id ?? '');
  }

  #make({ id, address }: { id: string | undefined; address: HostPort | undefined }): Neighbour {
    const { door, onSending, onDropped } = this.options;
    const { ports, limits } = door;
    const neighbour = new Neighbour({
      id,
      address,
      ports,
      limits,
      dial: (of, at, signal) => this.#dial(of, at, signal),
      onSending,
      onDropped,
    });
    if (id !== undefined) this.#byId.set(id, neighbour);
    else if (address !== undefined) this.#byAddress.set(formatAddress(address), neighbour);
    return neighbour;
  }

  #hasRoom(): boolean {
    const { neighbourCountMax } = this.options.door.limits;
    if (this.#byId.size + this.#byAddress.size >= neighbourCountMax) this.#forgetIdle();
    return this.#byId.size + this.#byAddress.size < neighbourCountMax;
  }

  #tooMany(): RpcBusyError {
    return new RpcBusyError(this.options.door.limits.neighbourCountMax);
  }

  #forgetIdle(): void {
    for (const map of [this.#byId, this.#byAddress]) {
      for (const [key, neighbour] of map) if (neighbour.isIdle) map.delete(key);
    }
  }

  #logFailure(neighbour: Neighbour, error: unknown): void {
    const fields = error instanceof PanalError ? { code: error.code, reason: error.message } : { error };
    // Once for each outage: the first failure is news, its repetition is not.
    const level = neighbour.failure === undefined && !(error instanceof SelfLinkError) ? 'info' : 'debug';
    this.options.logger[level]('No link to a tracker.', { tracker: neighbour.name, ...fields });
  }
}

/** Whether an address leads to this neighbour: its own, one it was dialled at, or its host by number and its port. */
function isLinkedAt(neighbour: Neighbour, text: string): boolean {
  const { current, address, links } = neighbour;
  if (current === undefined) return false;
  if (address !== undefined) {
    const byNumber = { host: current.remoteHost, port: address.port };
    if (formatAddress(address) === text || formatAddress(byNumber) === text) return true;
  }
  return [...links].some((link) => link.isOpen && link.isDialed && formatAddress(link.address) === text);
}
