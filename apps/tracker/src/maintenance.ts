import type { Random } from '@panal/runtime';
import {
  asyncScheduler,
  catchError,
  concatMap,
  EMPTY,
  exhaustMap,
  interval,
  type Observable,
  type SchedulerLike,
  timer,
} from 'rxjs';

export interface MaintenanceOptions<Result> {
  readonly intervalMs: number;
  /** Each run is up to this much later than its interval says. */
  readonly jitterMs: number;
  readonly random: Random;
  readonly task: () => Promise<Result>;
  readonly onError: (error: unknown) => void;
  readonly scheduler?: SchedulerLike;
}

/** Runs `task` again and again: never twice at a time, and on after a failure. Emits what each run gives. */
export function maintenance<Result>(options: MaintenanceOptions<Result>): Observable<Result> {
  const { intervalMs, jitterMs, random, task, onError, scheduler = asyncScheduler } = options;
  const run = (): Observable<Result> =>
    timer(jitterMs > 0 ? random.below(jitterMs) : 0, scheduler).pipe(
      concatMap(task),
      catchError((error: unknown) => {
        onError(error);
        return EMPTY;
      }),
    );
  return interval(intervalMs, scheduler).pipe(exhaustMap(run));
}
