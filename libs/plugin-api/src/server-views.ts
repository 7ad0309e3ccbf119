import type { TorrentView } from '@panal/wire';

/** What this tracker keeps itself, in one namespace. */
export interface TrackerCounts {
  readonly torrentCount: number;
  /** Living peers, in all namespaces. */
  readonly peerCount: number;
  readonly entryCount: number;
  readonly nameCount: number;
}

/** What a plugin may ask of the tracker it runs in: `@Inject(TRACKER_VIEW) tracker: TrackerView`. */
export interface TrackerView {
  /** 32 hex digits. */
  readonly id: string;
  counts(namespace: string): TrackerCounts;
}

/** What a plugin may ask of the peer it runs in: `@Inject(PEER_VIEW) peer: PeerView`. */
export interface PeerView {
  /** 32 hex digits. */
  readonly id: string;
  /** Everything this peer shares and fetches. */
  torrents(): readonly TorrentView[];
}

/** Who sent a message: the `@Ctx() context: MessageContext` of a handler. Import it with `import type`. */
export interface MessageContext {
  /** Such as `plugin.my-policy.count`. */
  readonly pattern: string;
  /** Such as `peer:build-7`, as the handshake proved it. */
  readonly principal: string;
  readonly remoteHost: string;
}

/** Token of the `TrackerView` in the module of a tracker. */
export const TRACKER_VIEW = Symbol.for('panal.tracker-view');

/** Token of the `PeerView` in the module of a peer. */
export const PEER_VIEW = Symbol.for('panal.peer-view');
