/** What one seed did and showed. Nothing in it is ever lost: a loss throws. */
export interface SeedReport {
  readonly seed: number;
  readonly hash: string;
  readonly virtualMs: number;
  readonly trackerCount: number;
  readonly writes: number;
  readonly refused: number;
  readonly acksByCopies: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, number>>;
  readonly pairKills: number;
  /** Starts of trackers of the version before. */
  readonly olderStarts: number;
  /** Trackers that were cordoned, or no longer. */
  readonly cordonOrders: number;
  readonly lost: number;
  /** Acknowledged with fewer than three copies, and lost: promised to nobody, and counted. */
  readonly lostDegraded: number;
  readonly reads: number;
  /** From the end of all faults to equal copies everywhere, each round. */
  readonly healingMs: readonly number[];
  readonly messages: number;
  readonly datagrams: number;
  readonly events: number;
}

/** All seeds together. */
export function summarize(reports: readonly SeedReport[]) {
  const sum = (of: (report: SeedReport) => number): number => reports.reduce((total, report) => total + of(report), 0);
  const healing = reports.flatMap(({ healingMs }) => healingMs).sort((one, other) => one - other);
  return {
    seeds: reports.length,
    virtualHours: Number((sum(({ virtualMs }) => virtualMs) / 3_600_000).toFixed(3)),
    writes: sum(({ writes }) => writes),
    refused: sum(({ refused }) => refused),
    reads: sum(({ reads }) => reads),
    acksByCopies: sumByKey(reports.map(({ acksByCopies }) => acksByCopies)),
    faults: sumByKey(reports.map(({ faults }) => faults)),
    doubleKills: sum(({ pairKills }) => pairKills),
    olderStarts: sum(({ olderStarts }) => olderStarts),
    cordonOrders: sum(({ cordonOrders }) => cordonOrders),
    lost: sum(({ lost }) => lost),
    lostDegraded: sum(({ lostDegraded }) => lostDegraded),
    heals: healing.length,
    convergenceMs: { p50: quantile(healing, 0.5), p99: quantile(healing, 0.99), max: quantile(healing, 1) },
    messages: sum(({ messages }) => messages),
    datagrams: sum(({ datagrams }) => datagrams),
    events: sum(({ events }) => events),
  };
}

function quantile(sorted: readonly number[], at: number): number {
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(at * sorted.length))] ?? 0);
}

function sumByKey(tables: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const table of tables) {
    for (const [key, count] of Object.entries(table)) total[key] = (total[key] ?? 0) + count;
  }
  return Object.fromEntries(Object.entries(total).sort(([one], [other]) => (one < other ? -1 : 1)));
}
