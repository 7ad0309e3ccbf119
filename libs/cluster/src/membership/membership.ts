import { type Clock, formatAddress, type HostPort, type Random } from '@panal/runtime';
import { type HybridClock, SUPPORTED_VERSIONS, type VersionRange } from '@panal/wire';
import type { Placement } from '../placement/placement.js';
import { RendezvousPlacement } from '../placement/rendezvous-placement.js';
import type { TrackerId } from '../record.js';
import { Bootstrap } from './bootstrap.js';
import { type ClockOffset, ClockOffsets } from './clock-offsets.js';
import { CoordinatorElection } from './coordinator-election.js';
import { JoinRefusedError } from './errors.js';
import { Fitness } from './fitness.js';
import type { GossipMessage } from './gossip-message.js';
import { GossipQueue } from './gossip-queue.js';
import { GossipReceiver } from './gossip-receiver.js';
import { LinkReceiver } from './link-receiver.js';
import { LocalHealth } from './local-health.js';
import type { Member, MemberPhase, MemberProfile } from './member.js';
import { type MembershipEffect, Outbox } from './membership-effect.js';
import type { MembershipMessage } from './membership-message.js';
import { MembershipView } from './membership-view.js';
import { Messenger } from './messenger.js';
import { Outgoing } from './outgoing.js';
import { Outreach } from './outreach.js';
import { Prober } from './prober.js';
import { Relays } from './relays.js';
import { Roster } from './roster.js';
import { Seeds } from './seeds.js';
import { SteadyTime } from './steady-time.js';
import type { ClusterView } from './view.js';

export interface MembershipOptions {
  readonly clusterName: string;
  /** This tracker. It begins as joining and unfit; its incarnation begins as `startedAt`. */
  readonly self: Omit<MemberProfile, 'incarnation' | 'phase' | 'isFit'>;
  /** Where other trackers may be; may name this one as well. */
  readonly seeds: readonly HostPort[];
  /** What the effect `known-addresses` said in the last run. */
  readonly knownAddresses?: readonly HostPort[];
  /** A cluster is begun only by so many that found each other, however long that takes. Default 1: whoever finds nobody begins. */
  readonly bootstrapExpect?: number;
  /** Versions of the protocol between trackers; SUPPORTED_VERSIONS unless said otherwise. */
  readonly protocols?: VersionRange;
  readonly clock: Clock;
  readonly hybridClock: HybridClock;
  readonly random: Random;
  /** Rendezvous hashing unless said otherwise. */
  readonly makePlacement?: () => Placement;
}

export type MembershipEvent =
  /** Every 20 to 50 ms. */
  | { readonly kind: 'tick' }
  | { readonly kind: 'datagram'; readonly from: HostPort; readonly message: GossipMessage }
  /** `from` is who the link was proven to be. */
  | { readonly kind: 'message'; readonly from: TrackerId; readonly message: MembershipMessage }
  /** joining to active, active to leaving, anything to left. After left nothing is done any more. */
  | { readonly kind: 'phase'; readonly phase: MemberPhase | 'left' }
  /** From now on no record shall depend on this tracker, or may again. */
  | { readonly kind: 'cordon'; readonly isCordoned: boolean }
  /** Whether this tracker holds all that it owns: one that does not is no coordinator. */
  | { readonly kind: 'synced'; readonly isSynced: boolean }
  /** How late the event loop was at worst, 99 of 100. */
  | { readonly kind: 'local-health'; readonly eventLoopLagMs: number }
  /** More places to look, from DNS or a beacon. */
  | { readonly kind: 'seeds'; readonly addresses: readonly HostPort[] };

/**
 * Who is in the cluster: finds the others, tells them of this tracker, notices who died, and keeps on looking for those it
 * lost. Pure: time and randomness are given, events come in and effects go out.
 */
export class Membership {
  readonly #outbox = new Outbox();
  readonly #health = new LocalHealth();
  readonly #steady = new SteadyTime();
  readonly #offsets = new ClockOffsets();
  readonly #roster: Roster;
  readonly #view: MembershipView;
  readonly #outgoing: Outgoing;
  readonly #seeds: Seeds;
  readonly #prober: Prober;
  readonly #relays: Relays;
  readonly #outreach: Outreach;
  readonly #bootstrap: Bootstrap;
  readonly #election: CoordinatorElection;
  readonly #fitness: Fitness;
  readonly #gossipReceiver: GossipReceiver;
  readonly #linkReceiver: LinkReceiver;
  #knownAddresses = '';
  #hasBegun = false;
  #isOver = false;

  constructor(private readonly options: MembershipOptions) {
    const { self, clock, random, hybridClock, clusterName, protocols = SUPPORTED_VERSIONS } = options;
    const gossip = new GossipQueue();
    const outbox = this.#outbox;
    const health = this.#health;
    const profile: MemberProfile = { ...self, incarnation: self.startedAt, phase: 'joining', isFit: false };
    const roster = new Roster(profile, { gossip, health, outbox });
    const messenger = new Messenger({ roster, gossip, outbox });
    let seq = random.below(0x1_0000_0000);
    const nextSeq = (): number => {
      seq = (seq + 1) >>> 0;
      return seq;
    };
    this.#roster = roster;
    this.#outgoing = new Outgoing(roster, protocols);
    this.#view = new MembershipView(roster, options.makePlacement ?? (() => new RendezvousPlacement()));
    this.#seeds = new Seeds(self.id, random);
    this.#seeds.add([...options.seeds, ...(options.knownAddresses ?? [])]);
    this.#prober = new Prober({ roster, messenger, outbox, health, offsets: this.#offsets, clock, random }, nextSeq);
    this.#relays = new Relays({ roster, messenger }, nextSeq);
    const own = { clusterName, protocols };
    this.#outreach = new Outreach({ roster, messenger, outbox, gossip, seeds: this.#seeds, random, own }, nextSeq);
    this.#bootstrap = new Bootstrap({ roster, seeds: this.#seeds, bootstrapExpect: options.bootstrapExpect ?? 1 });
    this.#election = new CoordinatorElection({ roster, gossip, hybridClock });
    this.#fitness = new Fitness({ roster, health, offsets: this.#offsets, outbox });
    const receiving = { roster, messenger, outbox, clock, prober: this.#prober, outreach: this.#outreach };
    this.#gossipReceiver = new GossipReceiver({ ...receiving, relays: this.#relays, election: this.#election });
    this.#linkReceiver = new LinkReceiver({ ...receiving, seeds: this.#seeds, own });
    roster.announce();
  }

  get view(): ClusterView {
    return this.#view;
  }

  /** All that are remembered, the dead and those who left included. */
  get roster(): readonly Member[] {
    return this.#roster.listed();
  }

  get self(): Member {
    return { ...this.#roster.self, health: this.#roster.hasLeft ? 'left' : 'alive' };
  }

  /** How little this tracker trusts its own judgement: 0 is well, 7 is bad. */
  get awareness(): number {
    return this.#health.awareness;
  }

  /** The clocks of the others against this one's. */
  get clockOffsets(): readonly ClockOffset[] {
    return this.#offsets.all();
  }

  /** This clock against the median of all; ahead is above 0. */
  get ownClockOffsetMs(): number {
    return this.#offsets.ownMs();
  }

  /** False: off the median by more than CLOCK_OFFSET_MAX_MS. The tracker should call itself unhealthy. */
  get isClockHealthy(): boolean {
    return this.#fitness.isClockHealthy;
  }

  /** Who coordinates: advice only, and in a cut network there are two. */
  get coordinator(): TrackerId | undefined {
    return this.#election.current(this.options.clock.nowMs(), this.#steady.nowMs);
  }

  step(event: MembershipEvent): readonly MembershipEffect[] {
    if (this.#isOver) return [];
    const { clock } = this.options;
    const stalledMs = this.#steady.advance(clock.monotonicMs());
    if (stalledMs > 0) this.#health.note(1);
    this.#handle(event, { nowMs: clock.nowMs(), steadyMs: this.#steady.nowMs });
    if (this.#view.refresh()) {
      this.#outbox.add({ kind: 'view' });
      this.#tellAddresses();
    }
    const effects = this.#outbox.take().map((effect) => this.#outgoing.inVersionOf(effect));
    this.#isOver = effects.some(({ kind }) => kind === 'fatal');
    return effects;
  }

  #handle(event: MembershipEvent, times: { readonly nowMs: number; readonly steadyMs: number }): void {
    switch (event.kind) {
      case 'tick':
        return this.#tick(times);
      case 'datagram':
        return this.#gossipReceiver.receive(event.from, event.message, times);
      case 'message':
        return this.#linkReceiver.receive(event.from, event.message, times);
      case 'phase':
        return this.#enter(event.phase);
      case 'cordon':
        return this.#cordon(event.isCordoned);
      case 'synced':
        this.#fitness.isSynced = event.isSynced;
        return;
      case 'local-health':
        return this.#health.noteLag(event.eventLoopLagMs);
      case 'seeds':
        return this.#seeds.add(event.addresses);
    }
  }

  #tick(times: { readonly nowMs: number; readonly steadyMs: number }): void {
    if (this.#roster.hasLeft) return;
    const { nowMs, steadyMs } = times;
    for (const id of this.#roster.expire(times)) this.#offsets.forget(id);
    this.#relays.tick(steadyMs);
    this.#prober.tick(steadyMs);
    this.#outreach.tick(steadyMs);
    this.#fitness.tick(steadyMs);
    this.#election.tick(nowMs, steadyMs);
    this.#considerBeginning(steadyMs);
  }

  #considerBeginning(steadyMs: number): void {
    const verdict = this.#hasBegun ? 'wait' : this.#bootstrap.decide(steadyMs);
    if (verdict === 'begin') {
      this.#hasBegun = true;
      this.#outbox.info('nobody is active: this tracker begins', { found: this.#roster.living.length });
      this.#outbox.add({ kind: 'bootstrap' });
    }
    const { refusal } = this.#seeds;
    if (verdict !== 'refused' || refusal === undefined) return;
    const error = new JoinRefusedError(formatAddress(refusal.address), refusal.explanation);
    this.#outbox.add({ kind: 'fatal', error });
  }

  #enter(phase: MemberPhase | 'left'): void {
    if (this.#roster.hasLeft || phase === this.#roster.self.phase) return;
    if (phase !== 'left') return this.#roster.change({ phase, isFit: false });
    this.#roster.leave();
    this.#outreach.sayGoodbye();
  }

  #cordon(isCordoned: boolean): void {
    if (this.#roster.hasLeft || isCordoned === (this.#roster.self.isCordoned === true)) return;
    this.#roster.change({ isCordoned });
  }

  #tellAddresses(): void {
    const others = [...this.#roster.living, ...this.#roster.dead()].filter(({ id }) => id !== this.#roster.self.id);
    const texts = others.map(({ cluster }) => formatAddress(cluster)).sort();
    if (texts.join() === this.#knownAddresses) return;
    this.#knownAddresses = texts.join();
    this.#outbox.add({ kind: 'known-addresses', addresses: others.map(({ cluster }) => cluster) });
  }
}
