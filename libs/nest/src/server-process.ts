import type { ErrorReport } from '@panal/runtime';

/** What a started server tells its parent, and anybody who reads its log. */
export interface ServerAddresses {
  /** `HOST:PORT` of tracker RPC. */
  readonly rpc?: string;
  /** `HOST:PORT` where trackers reach each other. */
  readonly cluster?: string;
  /** `HOST:PORT` of peer data. */
  readonly data?: string;
  /** Base of the HTTP interface. */
  readonly url: string;
  readonly name: string;
}

/** Messages of a server to the process that forked it. */
export type ServerMessage =
  | ({ readonly kind: 'ready' } & ServerAddresses)
  | { readonly kind: 'failed'; readonly report: ErrorReport };

/** What `runServer` needs of the Node process around it. */
export interface ServerProcess extends Pick<NodeJS.EventEmitter, 'on' | 'off'> {
  /** Present when there is an IPC channel to a parent. */
  send?(message: ServerMessage, callback: (error: Error | null) => void): unknown;
  exit(code: number): void;
  readonly stderr: { write(text: string): unknown };
}
