import type { TorrentView } from '@panal/wire';
import type { Terminal } from '../terminal.js';
import { type Bars, openBars } from './bars.js';
import { LinePace } from './line-pace.js';
import { progressEvent } from './transfer-event.js';
import { barContent, progressLine } from './transfer-text.js';

/** Shows how one or several transfers go on. */
export interface TransferDisplay {
  /** @param situation Why it does not move, if it does not. */
  update(view: TorrentView, situation: string | undefined): void;
  /** Leaves the terminal as it was; what was shown stays. Safe to call again. */
  end(): void;
}

/** Bars where a person watches, plain lines on a pipe, JSON lines on request. */
export async function openDisplay(terminal: Terminal, isJson: boolean): Promise<TransferDisplay> {
  if (isJson) return new JsonDisplay(terminal);
  return terminal.isInteractive ? new BarDisplay(await openBars(terminal)) : new LineDisplay(terminal);
}

class BarDisplay implements TransferDisplay {
  constructor(private readonly bars: Bars) {}

  update(view: TorrentView, situation: string | undefined): void {
    this.bars.update(displayKey(view), barContent(view, situation));
  }

  end(): void {
    this.bars.end();
  }
}

class LineDisplay implements TransferDisplay {
  readonly #pace = new LinePace();

  constructor(private readonly terminal: Terminal) {}

  update(view: TorrentView, situation: string | undefined): void {
    const line = progressLine(view, situation);
    // A complete torrent gets its own sentence from the command.
    if (view.state !== 'complete' && this.#pace.allows(displayKey(view), line)) this.terminal.line(line);
  }

  end(): void {}
}

class JsonDisplay implements TransferDisplay {
  readonly #pace = new LinePace();

  constructor(private readonly terminal: Terminal) {}

  update(view: TorrentView, situation: string | undefined): void {
    const event = progressEvent(view, situation);
    if (view.state !== 'complete' && this.#pace.allows(displayKey(view), JSON.stringify(event)))
      this.terminal.json(event);
  }

  end(): void {}
}

/** Two peers may fetch the same torrent; each has an id of its own for it, and a path. */
function displayKey({ id, path }: TorrentView): string {
  return `${id} ${path}`;
}
