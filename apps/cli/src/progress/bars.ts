import type { MultiBar, SingleBar } from 'cli-progress';
import { printable, type Terminal, widthOf } from '../terminal.js';

/** What one bar shows. */
export interface BarContent {
  readonly label: string;
  /** 0 to 1. */
  readonly fraction: number;
  readonly facts: string;
}

/** Bars, one below the other, on a terminal that a person watches. */
export interface Bars {
  update(key: string, content: BarContent): void;
  /** Leaves them as they are and gives the cursor back. Safe to call again. */
  end(): void;
}

export async function openBars(terminal: Terminal): Promise<Bars> {
  const { default: cliProgress } = await import('cli-progress');
  const { barCompleteChar, barIncompleteChar } = cliProgress.Presets.shades_classic;
  const draw = (width: number, fraction: number): string => {
    const filled = Math.round(fraction * width);
    return barCompleteChar.repeat(filled) + barIncompleteChar.repeat(width - filled);
  };
  const multiBar = new cliProgress.MultiBar({
    stream: process.stdout,
    hideCursor: true,
    // The caller ends the bars at a signal; a second handler would race with it.
    gracefulExit: false,
    format: (_options, _params, payload: { readonly line: string }) => payload.line,
  });
  return new TerminalBars(multiBar, (content) => barLine(content, terminal.columns, draw));
}

class TerminalBars implements Bars {
  readonly #bars = new Map<string, SingleBar>();

  constructor(
    private readonly multiBar: MultiBar,
    private readonly lineOf: (content: BarContent) => string,
  ) {}

  update(key: string, content: BarContent): void {
    const payload = { line: this.lineOf(content) };
    const bar = this.#bars.get(key);
    if (bar === undefined) this.#bars.set(key, this.multiBar.create(1, 0, payload));
    else bar.update(payload);
  }

  end(): void {
    if (this.#bars.size > 0) this.multiBar.stop();
    this.#bars.clear();
  }
}

/** One line, never wider than the terminal: label, bar, facts. The bar goes first when there is little room. */
export function barLine(
  content: BarContent,
  columns: number,
  draw: (width: number, fraction: number) => string,
): string {
  const label = fit(printable(content.label), Math.max(8, Math.floor(columns / 4)));
  const facts = printable(content.facts);
  const room = columns - 1 - widthOf(label) - widthOf(facts) - 4;
  const bar = room >= 8 ? `${draw(Math.min(30, room), Math.min(1, Math.max(0, content.fraction)))}  ` : '';
  return fit(`${label}  ${bar}${facts}`, columns - 1);
}

/** `text` cut to `columns`, with an ellipsis when something was cut. */
function fit(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let cut = '';
  for (const mark of text) {
    if (widthOf(cut + mark) > columns - 1) break;
    cut += mark;
  }
  return `${cut}…`;
}
