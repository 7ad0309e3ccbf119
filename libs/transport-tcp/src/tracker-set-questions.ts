import { type HostPort, ReportedError } from '@panal/runtime';
import type { ClusterHints } from '@panal/wire';
import { OWNERS_CACHED_MAX, TRACKER_ASKED_MAX } from './limits.js';
import { failureOf, failuresOf, repliesOf } from './tracker-set-answers.js';
import type { TrackerBook } from './tracker-set-book.js';
import { askInTurn, type Outcome } from './tracker-set-failover.js';
import { type FailedAnswer, gather } from './tracker-set-gather.js';
import type { TrackerSetLimits } from './tracker-set-limits.js';
import type { TrackerLinks } from './tracker-set-links.js';
import type { MembersWatch } from './tracker-set-members.js';
import { OwnerCache } from './tracker-set-owners.js';
import type { KnownTracker, TrackerPorts } from './tracker-set-tracker.js';

export interface Question<R extends ClusterHints> {
  readonly pattern: string;
  readonly data: unknown;
  /** The torrent it is about: its owners are asked first. */
  readonly hash: Uint8Array | undefined;
  /** It tells of this process: the session tracker is asked first, whoever the owners are. */
  readonly isForSession?: boolean;
  /** Silence that its size accounts for, in ms, before another tracker is asked as well. Default: 0. */
  readonly patienceMs?: number;
  /** @throws ReplyInvalidError: then another tracker is asked */
  readonly read: (value: unknown) => R;
  /** Which tracker of the cluster has answered. */
  readonly onAnswered?: (tracker: KnownTracker) => void;
  readonly signal?: AbortSignal | undefined;
  /** One answer of those of trackers that serve alone; there is at least one. */
  readonly merge: (replies: R[]) => R;
  /** Of those: whether this answer is one. Absent: the question changes something, and each tracker counts. */
  readonly isUseful?: (reply: R) => boolean;
  /** Of those: whether one useful answer is enough. */
  readonly isFirstEnough?: boolean;
  /** Of those: whether one that refuses is to be heard, though others have answered. */
  readonly isRefusalHeard?: boolean;
  /** Of those: why there is no answer. */
  readonly failure?: (failures: readonly FailedAnswer[]) => Error;
}

export interface QuestionDeskOptions {
  readonly book: TrackerBook;
  readonly links: TrackerLinks;
  readonly members: MembersWatch;
  readonly ports: TrackerPorts;
  readonly limits: TrackerSetLimits;
}

/** Who is to answer: one tracker, or the cluster. */
interface Respondent<R> {
  readonly address: HostPort;
  ask(signal: AbortSignal): Promise<R>;
}

/** Takes questions to the trackers and brings one answer. */
export class QuestionDesk {
  readonly #owners = new OwnerCache(OWNERS_CACHED_MAX);

  constructor(private readonly options: QuestionDeskOptions) {}

  /** @throws NoTrackerError, RpcAbortedError, the tracker's own error */
  ask<R extends ClusterHints>(question: Question<R>): Promise<R> {
    const { alone } = this.options.links;
    return alone.length === 0 ? this.#askCluster(question, question.signal) : this.#askEach(question, alone);
  }

  forgetOwners(): void {
    this.#owners.clear();
  }

  async #askCluster<R extends ClusterHints>(question: Question<R>, signal: AbortSignal | undefined): Promise<R> {
    const { links, ports, limits } = this.options;
    const { hash, isForSession = false } = question;
    const owners = hash === undefined || isForSession ? [] : this.#ownersOf(hash);
    const outcome: Outcome<KnownTracker, R> = await askInTurn(
      (tracker, given) => this.#askOne(tracker, question, given),
      {
        timers: ports.timers,
        pattern: question.pattern,
        hedgeMs: limits.hedgeMs + (question.patienceMs ?? 0),
        timeoutMs: limits.timeoutMs,
        openMax: TRACKER_ASKED_MAX,
        next: (wanted) => links.next(wanted, owners),
        onSilent: (tracker) => links.onSilent(tracker),
        signal,
      },
    );
    if (outcome.kind === 'refused') throw outcome.error;
    if (outcome.kind === 'failed') throw failureOf([...outcome.failures, ...this.#unasked(outcome.failures)]);
    if (outcome.isPrompt) outcome.target.notePromptness();
    question.onAnswered?.(outcome.target);
    return outcome.reply;
  }

  async #askEach<R extends ClusterHints>(question: Question<R>, alone: readonly KnownTracker[]): Promise<R> {
    const { book, links, ports, limits } = this.options;
    const { pattern, isUseful, isFirstEnough = false, signal } = question;
    const respondents: Respondent<R>[] = alone.map((tracker) => ({
      address: tracker.address,
      ask: (given) => this.#askOne(tracker, question, given),
    }));
    const member = links.session?.isAlone === false ? links.session : book.ranked.find(({ isAlone }) => !isAlone);
    if (member !== undefined) {
      respondents.push({ address: member.address, ask: (given) => this.#askCluster(question, given) });
    }
    const answers = await gather(respondents, (respondent, given) => respondent.ask(given), {
      clock: ports.clock,
      timers: ports.timers,
      pattern,
      timeoutMs: limits.timeoutMs,
      graceMs: isUseful === undefined ? limits.writeGraceMs : limits.readGraceMs,
      isUseful: isUseful ?? (() => true),
      isFirstEnough,
      isAbandonedAtEnd: isUseful !== undefined,
      signal,
    });
    const replies = repliesOf(answers);
    const failures = failuresOf(answers);
    const refusal = failures.find(({ error }) => error instanceof ReportedError && !error.retryable);
    if (refusal !== undefined && question.isRefusalHeard === true) throw refusal.error;
    if (replies.length > 0) return question.merge(replies);
    throw (question.failure ?? failureOf)(failures);
  }

  async #askOne<R extends ClusterHints>(tracker: KnownTracker, question: Question<R>, signal: AbortSignal): Promise<R> {
    const { hash } = question;
    const reply = question.read(await tracker.call(question.pattern, question.data, signal));
    if (hash !== undefined && reply.owners !== undefined) {
      this.#owners.learn(hash, reply.owners);
      this.options.links.approach(this.#ownersOf(hash));
    }
    if (reply.membersEpoch !== undefined) this.options.members.hint(tracker, reply.membersEpoch);
    return reply;
  }

  /** Only those that are members: nobody is dialled because of one reply. */
  #ownersOf(hash: Uint8Array): KnownTracker[] {
    return this.#owners.of(hash).flatMap((address) => this.options.book.find(address) ?? []);
  }

  /** Those that were not even asked, because their last failure is too fresh: the reader wants to know of them all. */
  #unasked(asked: readonly FailedAnswer[]): FailedAnswer[] {
    const names = new Set(asked.map(({ address }) => address));
    return this.options.book.all.flatMap(({ name, failure, isAlone }) =>
      failure === undefined || isAlone || names.has(name) ? [] : [{ kind: 'failed', address: name, error: failure }],
    );
  }
}
