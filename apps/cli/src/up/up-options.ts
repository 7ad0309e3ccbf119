/** What `panal up` was asked for. */
export interface UpOptions {
  readonly trackers: number;
  readonly peers: number;
  readonly data?: string;
  readonly cluster: string;
  readonly trackerPort?: number;
  readonly peerPort?: number;
  readonly demo?: boolean;
  readonly share?: string;
  readonly once?: boolean;
}
