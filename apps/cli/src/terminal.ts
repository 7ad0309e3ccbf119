import { stripVTControlCharacters } from 'node:util';

/** What a terminal needs of `process.stdout` and `process.stderr`. */
export interface TextStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): boolean;
}

type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan';

const STYLE_CODES: Record<Style, readonly [number, number]> = {
  bold: [1, 22],
  dim: [2, 22],
  green: [32, 39],
  yellow: [33, 39],
  red: [31, 39],
  cyan: [36, 39],
};

/** C0, C1, and the marks that reorder or hide text: what a hostile file name would use to forge a line. */
// oxlint-disable-next-line no-control-regex
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;
// oxlint-disable-next-line no-control-regex
const OUR_STYLES = /(\u001b\[(?:1|2|22|31|32|33|36|39)m)/;

/** Text from files and from the network, made safe to show: what could move the cursor or hide text becomes `\u{...}`. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (mark) => `\\u{${mark.charCodeAt(0).toString(16)}}`);
}

/** Columns that `text` takes, styles left out; wide characters (CJK, emoji) count two. */
export function widthOf(text: string): number {
  let width = 0;
  for (const mark of stripVTControlCharacters(text)) {
    if (/\p{M}/u.test(mark)) continue;
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u.test(
        mark,
      )
        ? 2
        : 1;
  }
  return width;
}

/**
 * The one place that writes text. Results go to standard output; what only a person watching wants, and errors, go to
 * standard error. No line carries a control character but the terminal's own colours, and those only on a terminal.
 */
export class Terminal {
  constructor(
    private readonly out: TextStream,
    private readonly err: TextStream,
    private readonly options: { readonly isColorAllowed: boolean; readonly isBarAllowed: boolean },
  ) {}

  /** Whether a person watches standard output on something that can redraw a line. */
  get isInteractive(): boolean {
    return this.options.isBarAllowed && this.out.isTTY === true;
  }

  get columns(): number {
    return this.out.columns ?? 80;
  }

  /** One line of the result, or several; without an argument an empty one. */
  line(...lines: readonly string[]): void {
    this.#write(this.out, lines.length === 0 ? [''] : lines);
  }

  /** One line for whoever watches: progress, hints. */
  note(...lines: readonly string[]): void {
    this.#write(this.err, lines);
  }

  /** One JSON value on one line of standard output. */
  json(value: unknown): void {
    this.out.write(`${JSON.stringify(value)}\n`);
  }

  /** An error: what happened, then what to do. */
  error(message: string, action: string): void {
    const [first = '', ...rest] = message.split('\n');
    this.note(`${this.#styled(this.err, 'red', 'Error:')} ${first}`, ...rest);
    if (action !== '') this.note(...action.split('\n'));
  }

  warn(message: string): void {
    this.note(`${this.#styled(this.err, 'yellow', 'Note:')} ${message}`);
  }

  /** `text` in a style when standard output shows colours, else as it is. */
  style(style: Style, text: string): string {
    return this.#styled(this.out, style, text);
  }

  /** Moves to the top of an empty screen; nothing when nobody watches. */
  clearScreen(): void {
    if (this.isInteractive) this.out.write('\u001b[H\u001b[2J');
  }

  /** Bytes as they are, for a file on standard output. */
  raw(text: string): void {
    this.out.write(text);
  }

  #styled(stream: TextStream, style: Style, text: string): string {
    if (!this.#hasColor(stream)) return text;
    const [on, off] = STYLE_CODES[style];
    return `\u001b[${on}m${text}\u001b[${off}m`;
  }

  #hasColor(stream: TextStream): boolean {
    return this.options.isColorAllowed && stream.isTTY === true;
  }

  #write(stream: TextStream, lines: readonly string[]): void {
    for (const line of lines) stream.write(`${this.#hasColor(stream) ? keepStyles(line) : printable(line)}\n`);
  }
}

function keepStyles(line: string): string {
  return line
    .split(OUR_STYLES)
    .map((part, at) => (at % 2 === 1 ? part : printable(part)))
    .join('');
}
