/** What a connection is for: messages of the control plane, blocks, or what trackers say to each other (@since 2). */
export type HelloPurpose = 'rpc' | 'data' | 'cluster';

/** Purposes as the hello numbers them. A new one is added at the end, never inserted. */
export const HELLO_PURPOSES: readonly HelloPurpose[] = ['rpc', 'data', 'cluster'];
