import type { Bitfield } from '@panal/torrent';
import type { BlockRequest, ReceivedBlock } from './source-link.js';

/** What happens to a download. `source` is a peer id: a record of a source outlives its link. */
export type EngineEvent =
  /** A link is up. `have` becomes the engine's. */
  | {
      readonly kind: 'joined';
      readonly source: string;
      readonly name: string;
      readonly have: Bitfield;
      /** It may be somebody else than the last time: what came then is not to be blamed on this one. */
      readonly isElsewhere?: boolean;
    }
  | { readonly kind: 'have'; readonly source: string; readonly chunks: Iterable<number> }
  /** A link, or the attempt to make one, failed. */
  | { readonly kind: 'lost'; readonly source: string; readonly name: string; readonly reason: string }
  | { readonly kind: 'block'; readonly source: string; readonly block: ReceivedBlock }
  | { readonly kind: 'refused'; readonly source: string; readonly requestId: number; readonly code: string }
  /** The block of a `store` effect is on its way to the disk and can be released. */
  | { readonly kind: 'written'; readonly chunk: number; readonly begin: number }
  /** The block of a `store` effect was given up: its chunk has a hole. */
  | { readonly kind: 'unwritten'; readonly chunk: number; readonly begin: number }
  /** The answer to a `judge` effect. */
  | { readonly kind: 'judged'; readonly chunk: number; readonly isValid: boolean }
  /** A chunk that was done is not what it should be, after all. */
  | { readonly kind: 'undone'; readonly chunk: number }
  /** A source may be dialled again at once: it has a new address. A ban stays. */
  | { readonly kind: 'forgiven'; readonly source: string }
  /** What it was banned for came from one of its addresses, and it is tried at another. */
  | { readonly kind: 'acquitted'; readonly source: string }
  /** The disk refuses: nothing more is asked for until `resumed`. */
  | { readonly kind: 'paused' }
  | { readonly kind: 'resumed' }
  /** Time passed; wanted every TICK_MS. */
  | { readonly kind: 'tick' };

/** What is to be done. Effects are in order, and none may be left out. */
export type EngineEffect =
  | { readonly kind: 'request'; readonly source: string; readonly request: BlockRequest }
  | { readonly kind: 'cancel'; readonly source: string; readonly requestId: number }
  /** Close the link; no `lost` is expected. */
  | { readonly kind: 'drop'; readonly source: string; readonly reason: string; readonly isLiar: boolean }
  /** Verify and write the block, then say `written`. */
  | { readonly kind: 'store'; readonly block: ReceivedBlock; readonly chunk: number; readonly begin: number }
  /** The block is of no use. */
  | { readonly kind: 'release'; readonly block: ReceivedBlock }
  /** Every block of the chunk is written: is it what the torrent says? */
  | { readonly kind: 'judge'; readonly chunk: number }
  /** What was verified of the chunk is void; it begins anew. */
  | { readonly kind: 'forget'; readonly chunk: number }
  /** The chunk is verified and written. */
  | { readonly kind: 'done'; readonly chunk: number };
