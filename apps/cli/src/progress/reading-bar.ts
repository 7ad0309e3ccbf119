import type { CommandContext } from '../command-context.js';
import { LINE_INTERVAL_MS } from '../limits.js';
import { formatBytes, percentOf } from '../quantity.js';
import { monotonicMs } from '../wait.js';
import { openBars } from './bars.js';

/** Shows how far reading and hashing a content has come: a bar on a terminal, lines on a pipe, nothing with `--json`. */
export interface ReadingBar {
  update(doneBytes: number, totalBytes: number): void;
  /** Safe to call again. */
  end(): void;
}

export async function openReadingBar({ terminal, isJson }: CommandContext, label: string): Promise<ReadingBar> {
  if (isJson) return { update: () => undefined, end: () => undefined };
  const text = (doneBytes: number, totalBytes: number): string =>
    `${percentOf(doneBytes, totalBytes)}%  ${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`;
  if (!terminal.isInteractive) {
    // The first line is due after a second: short work needs none.
    let shownMs = monotonicMs();
    return {
      update: (doneBytes, totalBytes) => {
        if (monotonicMs() - shownMs < LINE_INTERVAL_MS) return;
        shownMs = monotonicMs();
        terminal.line(`${label}: ${text(doneBytes, totalBytes)}`);
      },
      end: () => undefined,
    };
  }
  const bars = await openBars(terminal);
  return {
    update: (doneBytes, totalBytes) =>
      bars.update('reading', {
        label,
        fraction: totalBytes > 0 ? doneBytes / totalBytes : 1,
        facts: text(doneBytes, totalBytes),
      }),
    end: () => bars.end(),
  };
}
