import type { Clock, Logger, Timers } from '@panal/runtime';
import { PluginBusyError, PluginFailedError, PluginTimeoutError } from './plugin-errors.js';
import {
  DEGRADED_MS,
  FAULT_LOG_MS,
  FAULTS_IN_A_ROW_MAX,
  PLUGIN_CALLS_MAX,
  PORT_REST_MS,
  SLOW_CALL_MS,
} from './plugin-limits.js';

/** `error`: it threw. `rubbish`: what it gave back makes no sense. `timeout`: it did not answer. `slow`: it held up the process. */
export type FaultKind = 'error' | 'rubbish' | 'timeout' | 'slow';

/** What is known of one place where a plugin is called. */
export interface PlaceReport {
  readonly place: string;
  readonly callCount: number;
  readonly busyMs: number;
  readonly faults: Readonly<Record<FaultKind, number>>;
  /** It is not asked now: the default answers. */
  readonly isResting: boolean;
}

export interface PluginHealth {
  readonly name: string;
  /** Degraded: a fault within the last five minutes, or a port that rests. */
  readonly state: 'ok' | 'degraded';
  readonly faultCount: number;
  /** The last fault, as a sentence. */
  readonly lastFault?: string;
}

/** A question to a port of which the default knows an answer as well. */
export interface Question<T> {
  readonly place: string;
  readonly call: () => T;
  /** Why the answer makes no sense, as the end of a sentence; undefined when it does. */
  readonly whyRubbish: (answer: T) => string | undefined;
  readonly fallback: () => T;
}

interface Place {
  callCount: number;
  busyMs: number;
  readonly faults: Record<FaultKind, number>;
  inARow: number;
  restsUntilMs: number;
  openCount: number;
  loggedAtMs: number;
}

/** Stands between the host and one plugin: measures what it does, and lets none of its faults through. */
export class PluginWatch {
  readonly #places = new Map<string, Place>();
  #lastFault: { readonly text: string; readonly atMs: number } | undefined;

  constructor(
    readonly plugin: string,
    private readonly ports: { readonly clock: Clock; readonly timers: Timers; readonly logger: Logger },
  ) {}

  /** The plugin's answer, or the default's when the plugin fails or rests. Never throws what the plugin threw. */
  ask<T>({ place: name, call, whyRubbish, fallback }: Question<T>): T {
    const place = this.#place(name);
    if (this.#rests(place)) return fallback();
    const startedAtMs = this.#nowMs();
    try {
      const answer = call();
      const fault = whyNoAnswer(answer) ?? whyRubbish(answer);
      const isSlow = this.#measure(name, startedAtMs);
      if (fault === undefined) {
        if (!isSlow) place.inARow = 0;
        return answer;
      }
      this.fault(name, 'rubbish', { text: fault });
    } catch (error) {
      this.#measure(name, startedAtMs);
      this.fault(name, 'error', { error });
    } finally {
      if (place.inARow >= FAULTS_IN_A_ROW_MAX) place.restsUntilMs = this.#nowMs() + PORT_REST_MS;
    }
    return fallback();
  }

  /**
   * What the plugin answers in time.
   * @throws PluginFailedError, PluginTimeoutError, PluginBusyError; and what `isMeant` says was meant for the caller
   */
  async answer<T>(
    name: string,
    {
      call,
      timeoutMs,
      isMeant = () => false,
    }: { call: () => T | PromiseLike<T>; timeoutMs: number; isMeant?: (error: unknown) => boolean },
  ): Promise<T> {
    const place = this.#place(name);
    if (place.openCount >= PLUGIN_CALLS_MAX) throw new PluginBusyError(this.plugin, name, PLUGIN_CALLS_MAX);
    place.openCount += 1;
    const startedAtMs = this.#nowMs();
    try {
      const answering = (async () => call())();
      this.#measure(name, startedAtMs);
      const settled = answering.finally(() => {
        place.openCount -= 1;
      });
      return await this.#inTime(name, settled, timeoutMs);
    } catch (error) {
      if (error instanceof PluginTimeoutError || isMeant(error)) throw error;
      this.fault(name, 'error', { error });
      throw error instanceof PluginFailedError ? error : new PluginFailedError(this.plugin, name, { cause: error });
    }
  }

  /** Counts a fault, and tells the log, but not each time. */
  fault(name: string, kind: FaultKind, { text = '', error }: { text?: string; error?: unknown }): void {
    const place = this.#place(name);
    const nowMs = this.#nowMs();
    place.faults[kind] += 1;
    place.inARow += 1;
    this.#lastFault = { text: sentence(name, kind, text), atMs: nowMs };
    if (place.loggedAtMs + FAULT_LOG_MS > nowMs) return;
    place.loggedAtMs = nowMs;
    this.ports.logger.error('A plugin failed', {
      plugin: this.plugin,
      place: name,
      kind,
      ...(text === '' ? {} : { fault: text }),
      ...(error === undefined ? {} : { error }),
      count: place.faults[kind],
    });
  }

  places(): readonly PlaceReport[] {
    return [...this.#places].map(([place, { callCount, busyMs, faults, restsUntilMs }]) => ({
      place,
      callCount,
      busyMs,
      faults,
      isResting: restsUntilMs > this.#nowMs(),
    }));
  }

  health(): PluginHealth {
    const nowMs = this.#nowMs();
    const places = this.places();
    const isRecent = this.#lastFault !== undefined && this.#lastFault.atMs + DEGRADED_MS > nowMs;
    const faultCount = places.flatMap(({ faults }) => Object.values(faults)).reduce((sum, count) => sum + count, 0);
    return {
      name: this.plugin,
      state: isRecent || places.some(({ isResting }) => isResting) ? 'degraded' : 'ok',
      faultCount,
      ...(this.#lastFault === undefined ? {} : { lastFault: this.#lastFault.text }),
    };
  }

  #inTime<T>(name: string, answering: Promise<T>, timeoutMs: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = this.ports.timers.after(timeoutMs, () => {
        this.fault(name, 'timeout', { text: `no answer within ${timeoutMs} ms` });
        reject(new PluginTimeoutError(this.plugin, name, timeoutMs));
      });
      // What comes after the time is over is nobody's any more: neither an answer nor an unhandled rejection.
      answering.then(resolve, reject).finally(cancel);
    });
  }

  /** @returns Whether it took too long. */
  #measure(name: string, startedAtMs: number): boolean {
    const place = this.#place(name);
    const tookMs = this.#nowMs() - startedAtMs;
    place.callCount += 1;
    place.busyMs += tookMs;
    if (tookMs <= SLOW_CALL_MS) return false;
    this.fault(name, 'slow', { text: `it held up the whole process for ${Math.round(tookMs)} ms` });
    return true;
  }

  #rests(place: Place): boolean {
    return place.restsUntilMs > 0 && place.restsUntilMs > this.#nowMs();
  }

  #place(name: string): Place {
    let place = this.#places.get(name);
    if (place === undefined) {
      const faults = { error: 0, rubbish: 0, timeout: 0, slow: 0 };
      place = {
        callCount: 0,
        busyMs: 0,
        faults,
        inARow: 0,
        restsUntilMs: 0,
        openCount: 0,
        loggedAtMs: Number.NEGATIVE_INFINITY,
      };
      this.#places.set(name, place);
    }
    return place;
  }

  #nowMs(): number {
    return this.ports.clock.monotonicMs();
  }
}

/** A port that answers later is none that was asked; what it rejects with later must not end the process. */
function whyNoAnswer(answer: unknown): string | undefined {
  if (typeof (answer as { then?: unknown } | null | undefined)?.then !== 'function') return undefined;
  Promise.resolve(answer).catch(() => undefined);
  return 'it gave back a promise, and this port is asked synchronously';
}

const FAULT_TEXTS: Readonly<Record<FaultKind, string>> = {
  error: 'it threw an error',
  rubbish: 'it gave back what makes no sense',
  timeout: 'it did not answer in time',
  slow: 'it was slow',
};

function sentence(place: string, kind: FaultKind, text: string): string {
  return `At ${place}: ${FAULT_TEXTS[kind]}${text === '' ? '' : ` (${text})`}.`;
}
