/** What is known of a source when its turn is decided. */
export interface SourceStanding {
  /** The peer's logical name. */
  readonly name: string;
  /** Bytes a second, measured over the selector's interval while it had something to do. 0: not measured yet. */
  readonly speed: number;
  /** 0 to 1; 1 means every interval brought as much as the one before. */
  readonly stability: number;
  readonly chunksDone: number;
  readonly badChunks: number;
  readonly isComplete: boolean;
  /** It stalled, refused, was lost or lied, and brought no block since: it may never bring one. */
  readonly isDoubtful: boolean;
}

/** Decides in which order sources are dialled and given work. */
export interface SourceSelector {
  /** The interval over which speed and stability are measured. */
  readonly intervalMs: number;
  /** Higher goes first. Called for every source once an interval, not per block. */
  score(source: SourceStanding): number;
  /** A source that is a last resort gets work only while no other source is at hand. */
  isLastResort(name: string): boolean;
}
