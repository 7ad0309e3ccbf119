import type { EngineEvent } from './engine-events.js';
import type { ReceivedBlock, SourceLinkEvents } from './source-link.js';

/** Events kept while a dial settles, which is a turn of the loop or two. */
const EARLY_EVENTS_MAX = 1024;

/** The events of one link. Those that come before the engine knows of the link wait; those after its end are void. */
export class LinkInbox implements SourceLinkEvents {
  #early: (() => void)[] | undefined = [];
  #ended: AbortSignal | undefined;

  constructor(
    private readonly peerId: string,
    private readonly emit: (event: EngineEvent) => void,
    private readonly onEnd: (error: Error) => void,
  ) {}

  open(ended: AbortSignal): void {
    this.#ended = ended;
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const tell of early) tell();
  }

  onHave(chunks: Iterable<number>): void {
    this.#tell(() => this.emit({ kind: 'have', source: this.peerId, chunks }));
  }

  onBlock(block: ReceivedBlock): void {
    if (this.#ended === undefined || this.#ended.aborted) block.release();
    else this.emit({ kind: 'block', source: this.peerId, block });
  }

  onRefused(requestId: number, code: string): void {
    this.#tell(() => this.emit({ kind: 'refused', source: this.peerId, requestId, code }));
  }

  onLost(error: Error): void {
    if (this.#early !== undefined && this.#early.length >= EARLY_EVENTS_MAX) this.#early.pop();
    this.#tell(() => this.onEnd(error));
  }

  #tell(tell: () => void): void {
    if (this.#early !== undefined) {
      // What a flood loses here are announcements; an end is never one of many.
      if (this.#early.length < EARLY_EVENTS_MAX) this.#early.push(tell);
    } else if (this.#ended?.aborted === false) tell();
  }
}
