import { errorReport, ReportedError } from '@panal/runtime';
import { NoTrackerError } from './errors.js';
import type { FailedAnswer, TrackerAnswer } from './tracker-set-gather.js';

/** What was answered, in the order of the trackers. */
export function repliesOf<R>(answers: readonly TrackerAnswer<R>[]): R[] {
  return answers.flatMap((answer) => (answer.kind === 'answered' ? [answer.reply] : []));
}

export function failuresOf(answers: readonly TrackerAnswer<unknown>[]): FailedAnswer[] {
  return answers.flatMap((answer) => (answer.kind === 'failed' ? [answer] : []));
}

/** A tracker on its way out or too busy has refused, but says no more than one that cannot be reached. */
function isVerdict(error: unknown): error is ReportedError {
  return error instanceof ReportedError && error.code !== 'rpc_closing' && error.code !== 'rpc_busy';
}

/** Why there is not one answer. */
export function failureOf(failures: readonly FailedAnswer[]): Error {
  const verdict = failures.map(({ error }) => error).find(isVerdict);
  if (verdict !== undefined) return verdict;
  return new NoTrackerError(failures.map(({ address, error }) => ({ address, reason: errorReport(error) })));
}

/**
 * Why a name has no meaning to trackers that serve alone. "Unknown" is a claim about all of them: one that is there
 * (`isConnected`) and did not say so makes it a mere failure, to be tried again.
 */
export function nameFailure(failures: readonly FailedAnswer[], isConnected: (address: string) => boolean): Error {
  const isUnknown = (error: unknown): boolean => error instanceof ReportedError && error.code === 'name_unknown';
  const undecided = failures.find(({ address, error }) => !isUnknown(error) && isConnected(address));
  if (undecided?.error instanceof Error && failures.some(({ error }) => isUnknown(error))) return undecided.error;
  return failureOf(failures);
}
