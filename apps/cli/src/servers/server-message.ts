import { type ErrorReport, formatAddress, type HostPort } from '@panal/runtime';

/** What a server tells the process that forked it once it serves. Addresses are `HOST:PORT`. */
export interface ServerReady {
  readonly kind: 'ready';
  readonly name: string;
  /** Its REST interface, or for a tracker health and metrics. */
  readonly url: string;
  /** A tracker: where peers reach it. */
  readonly rpc?: string;
  /** A peer: where other peers reach it. */
  readonly data?: string;
}

interface ServerFailed {
  readonly kind: 'failed';
  readonly report: ErrorReport;
}

/** Reads one message of a child; `undefined` for what is none of ours. */
export function readServerMessage(raw: unknown): ServerReady | ServerFailed | undefined {
  if (!isRecord(raw)) return undefined;
  if (raw.kind === 'failed' && isRecord(raw.report)) {
    return { kind: 'failed', report: readErrorReport(raw.report) };
  }
  if (raw.kind !== 'ready') return undefined;
  return {
    kind: 'ready',
    name: textOf(raw.name),
    url: textOf(raw.url),
    rpc: addressText(raw.rpc),
    data: addressText(raw.data),
  };
}

/** An error report from another process, with something readable in every field. */
export function readErrorReport(raw: Record<string, unknown>): ErrorReport {
  return {
    code: typeof raw.code === 'string' ? raw.code : 'internal',
    message: typeof raw.message === 'string' ? raw.message : 'Something went wrong.',
    action: typeof raw.action === 'string' ? raw.action : '',
    retryable: raw.retryable === true,
  };
}

function addressText(raw: unknown): string | undefined {
  if (typeof raw === 'string') return raw;
  if (isRecord(raw) && typeof raw.host === 'string' && typeof raw.port === 'number')
    return formatAddress(raw as unknown as HostPort);
  return undefined;
}

function isRecord(raw: unknown): raw is Record<string, unknown> {
  return typeof raw === 'object' && raw !== null;
}

function textOf(raw: unknown): string {
  return typeof raw === 'string' ? raw : '';
}
