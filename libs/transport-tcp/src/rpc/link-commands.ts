import { patternOf } from '@panal/wire';

// What two ends of an RPC connection say to each other about the connection itself. No handler sees these.

/** A request, answered at once by whoever still lives. */
export const PING = { endpoint: 'rpc', handler: 'link', command: 'ping' } as const;

/** An event; its `msgId` is that of a request whose answer nobody waits for any more. */
export const CANCEL = { endpoint: 'rpc', handler: 'link', command: 'cancel' } as const;

export const PING_PATTERN = patternOf(PING);
export const CANCEL_PATTERN = patternOf(CANCEL);
