import type { Clock, Random } from '@panal/runtime';
import type { TrackerId } from '../record.js';
import type { ClockOffsets } from './clock-offsets.js';
import type { Ack } from './gossip-message.js';
import { INDIRECT_PROBES, PROBE_INTERVAL_MS, PROBE_TIMEOUT_MS } from './limits.js';
import type { LocalHealth } from './local-health.js';
import type { Member } from './member.js';
import type { Outbox } from './membership-effect.js';
import type { Messenger } from './messenger.js';
import { isLiving, type Roster } from './roster.js';
import { sample, shuffled } from './shuffle.js';

export interface ProberParts {
  readonly roster: Roster;
  readonly messenger: Messenger;
  readonly outbox: Outbox;
  readonly health: LocalHealth;
  readonly offsets: ClockOffsets;
  readonly clock: Clock;
  readonly random: Random;
}

interface Reading {
  readonly nowMs: number;
  readonly monotonicMs: number;
}

/** A member that was asked whether it is there. */
interface Attempt {
  readonly target: TrackerId;
  readonly seq: number;
  /** When the datagram went, and the question by TCP. */
  readonly sent: Reading;
  sentByTcp: Reading | undefined;
  /** When to ask others, and when to give up; in steady ms. */
  readonly indirectAtMs: number;
  readonly deadlineMs: number;
  isIndirect: boolean;
  /** Others who were asked to try. */
  askedCount: number;
  /** Of those, how many have not said that they cannot reach it either. */
  nacksDue: number;
}

/**
 * Asks one member after the other, in random order, whether it is there: by datagram, then through others and by TCP. One that
 * none of these reach is suspected.
 */
export class Prober {
  #attempt: Attempt | undefined;
  #nextAtMs = 0;
  #round: TrackerId[] = [];

  constructor(
    private readonly parts: ProberParts,
    private readonly nextSeq: () => number,
  ) {}

  tick(steadyMs: number): void {
    const attempt = this.#attempt;
    if (attempt !== undefined && !isTargetLiving(this.parts.roster, attempt.target)) this.#attempt = undefined;
    else if (attempt !== undefined && steadyMs >= attempt.deadlineMs) this.#giveUp(attempt, steadyMs);
    else if (attempt !== undefined && steadyMs >= attempt.indirectAtMs) this.#askOthers(attempt);
    if (this.#attempt === undefined && steadyMs >= this.#nextAtMs) this.#begin(steadyMs);
  }

  /** @returns Whether it was the answer waited for. */
  acked({ from, seq, timeMs }: Pick<Ack, 'from' | 'seq' | 'timeMs'>): boolean {
    const attempt = this.#attempt;
    if (attempt?.seq !== seq) return false;
    // An answer through another says nothing about the way there, and so nothing about the clock.
    if (from === attempt.target) this.#noteClock(from, attempt.sent, timeMs);
    if (!attempt.isIndirect) this.parts.health.note(-1);
    this.#attempt = undefined;
    return true;
  }

  /** The member answered by TCP. It lives; that datagrams do not arrive is said elsewhere. */
  ackedByTcp(from: TrackerId, seq: number, timeMs: number): void {
    const attempt = this.#attempt;
    if (attempt?.seq !== seq || attempt.target !== from || attempt.sentByTcp === undefined) return;
    this.#noteClock(from, attempt.sentByTcp, timeMs);
    this.#attempt = undefined;
  }

  nacked(seq: number): void {
    if (this.#attempt?.seq === seq && this.#attempt.nacksDue > 0) this.#attempt.nacksDue -= 1;
  }

  #noteClock(id: TrackerId, sent: Reading, theirTimeMs: number): void {
    const roundTripMs = this.parts.clock.monotonicMs() - sent.monotonicMs;
    this.parts.offsets.note(id, { sentAtMs: sent.nowMs, roundTripMs, theirTimeMs });
  }

  #begin(steadyMs: number): void {
    const { health, clock, messenger } = this.parts;
    this.#nextAtMs = steadyMs + health.scale(PROBE_INTERVAL_MS);
    const target = this.#nextTarget();
    if (target === undefined) return;
    const seq = this.nextSeq();
    this.#attempt = {
      target: target.id,
      seq,
      sent: readingOf(clock),
      sentByTcp: undefined,
      indirectAtMs: steadyMs + health.scale(PROBE_TIMEOUT_MS),
      deadlineMs: this.#nextAtMs,
      isIndirect: false,
      askedCount: 0,
      nacksDue: 0,
    };
    messenger.send({ address: target.cluster, id: target.id }, { kind: 'ping', seq, to: target.id });
  }

  /** Each living member once in a round. */
  #nextTarget(): Member | undefined {
    const { roster, random } = this.parts;
    if (this.#round.length === 0) {
      const others = roster.living.filter(({ id }) => id !== roster.self.id);
      this.#round = shuffled(
        others.map(({ id }) => id),
        random,
      );
    }
    for (let id = this.#round.pop(); id !== undefined; id = this.#round.pop()) {
      const member = roster.get(id);
      if (member !== undefined && isLiving(member.health)) return member;
    }
    return undefined;
  }

  #askOthers(attempt: Attempt): void {
    if (attempt.isIndirect) return;
    attempt.isIndirect = true;
    const { roster, messenger, outbox, random } = this.parts;
    const { target, seq } = attempt;
    const address = roster.get(target)?.cluster;
    if (address === undefined) return;
    const others = roster.living.filter(
      ({ id, health }) => health === 'alive' && id !== target && id !== roster.self.id,
    );
    const asked = sample(others, INDIRECT_PROBES, random);
    for (const { id, cluster } of asked) {
      messenger.send({ address: cluster, id }, { kind: 'ping-request', seq, target, address });
    }
    attempt.nacksDue = asked.length;
    attempt.askedCount = asked.length;
    attempt.sentByTcp = readingOf(this.parts.clock);
    outbox.add({ kind: 'send', to: target, message: { kind: 'probe', seq, to: target } });
  }

  /** Those who were asked should at least have answered that they fail too; if they did not, the fault may be here. */
  #giveUp(attempt: Attempt, steadyMs: number): void {
    this.#attempt = undefined;
    const { health, roster, clock } = this.parts;
    health.note(attempt.askedCount > 0 ? attempt.nacksDue : 1);
    roster.suspect(attempt.target, { nowMs: clock.nowMs(), steadyMs });
  }
}

function readingOf(clock: Clock): Reading {
  return { nowMs: clock.nowMs(), monotonicMs: clock.monotonicMs() };
}

function isTargetLiving(roster: Roster, id: TrackerId): boolean {
  const member = roster.get(id);
  return member !== undefined && isLiving(member.health);
}
