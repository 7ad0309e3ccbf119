import { Downloads } from './downloads.js';
import type { Engine } from './lab/engine.js';
import type { Lab } from './lab/lab.js';
import type { PanalStack, Place } from './panal-stack.js';
import type { ProberReport } from './prober.js';
import type { ProberProcess } from './prober-process.js';

/** No client waits longer for an answer, whatever happens. */
const GAP_MAX_MS = 2_000;
const LARGE_SIZE_BYTES = 24 * 1024 * 1024;

/** What happened to the users of the stack while something else happened. */
export interface Figures extends ProberReport {
  readonly case: string;
  readonly seconds: number;
  readonly downloads: number;
  readonly downloadsFailed: readonly string[];
}

export interface Scene {
  readonly lab: Lab;
  readonly stack: PanalStack;
  readonly prober: ProberProcess;
  /** Shares files in every case. */
  readonly provider: Place;
  /** Fetches them, over a slow line: a large file takes longer than a fault needs to begin. */
  readonly downloader: Place;
}

export interface Fault {
  /** The machine it happens to: it provides the large file, too. Undefined: no machine. */
  readonly victim?: Engine;
  /** Makes it happen and mends it. What is fetched with `downloads` counts as well. */
  act(downloads: Downloads): Promise<void>;
}

/**
 * A workload at the trackers, a large download from the victim and another machine, and many small ones, while a fault happens
 * and is mended. Prints the figures as a line of JSON.
 */
export async function during(name: string, scene: Scene, fault: Fault): Promise<Figures> {
  const { victim } = fault;
  const { stack, prober, provider, downloader } = scene;
  const downloads = new Downloads(stack);
  const large = await downloads.share(provider, LARGE_SIZE_BYTES);
  if (victim !== undefined)
    await stack.panal({ engine: victim }, 'get', `${large.name}:1`, '--to', '/content/got', '--wait', '60');
  await stack.untilReady();
  await prober.begin();
  const startMs = performance.now();
  const largeFetched = downloads.fetch(downloader, large);
  downloads.start(provider, downloader);
  try {
    await fault.act(downloads);
    await stack.untilReady();
  } finally {
    await downloads.stop();
    await largeFetched;
  }
  const seconds = Math.round((performance.now() - startMs) / 100) / 10;
  const report = await prober.report();
  const figures = { case: name, seconds, ...report, downloads: downloads.done, downloadsFailed: downloads.failures };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
  return figures;
}

/** What users suffered; nothing, when all is well. */
export function harm({
  lost,
  lostByCopies,
  writes,
  worstLookupGapMs,
  downloads,
  downloadsFailed,
}: Figures): readonly string[] {
  return [
    ...(lost > 0 ? [`${lost} records were lost; by the copies they had: ${JSON.stringify(lostByCopies)}`] : []),
    ...(worstLookupGapMs >= GAP_MAX_MS ? [`nothing was found for ${worstLookupGapMs} ms`] : []),
    ...(writes === 0 ? ['nothing was written'] : []),
    ...(downloads < 2 ? [`${downloads} downloads were done`] : []),
    ...downloadsFailed,
  ];
}
