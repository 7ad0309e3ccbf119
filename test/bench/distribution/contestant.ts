import type { Network } from './network.js';

/** Where a contest takes place. */
export interface Arena {
  readonly network: Network;
  /** Empty; for what programs keep besides the content. */
  readonly folder: string;
  /** The content, one file named `content`, alone in its directory; read only. */
  readonly source: string;
  /** One for each downloader, empty: `content` is expected there. On the measured disk. */
  readonly targets: readonly string[];
}

/** A way to distribute a file. */
export interface Contestant {
  readonly name: string;
  /** Program and version. Null when it is not installed here. */
  readonly version: string | null;
  /** What deviates from the defaults, as it is given to the program. */
  readonly settings: Readonly<Record<string, readonly string[]>>;
  /** All programs run, the provider offers the content, and no downloader knows of it. */
  start(arena: Arena): Promise<Contest>;
}

/** Programs that run and wait for the word. */
export interface Contest {
  /** Processes that are there now and belong to the contestant. */
  pids(): readonly number[];
  /** Tells every downloader to fetch; settles when the last one has everything. */
  distribute(signal: AbortSignal): Promise<void>;
  /** Ends all programs. Content is on disk (or in its cache) only after that. */
  stop(): Promise<void>;
}
