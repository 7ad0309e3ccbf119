/** Where a client stands. `failure` is why the last attempt, or the last connection, ended. */
export type RpcClientStatus =
  | { readonly kind: 'connected' }
  | { readonly kind: 'idle' | 'connecting' | 'waiting' | 'closed'; readonly failure: unknown };
