/**
 * Runs `task` for every item, at most `inFlightMax` at a time. The first failure stops the start of further tasks, and
 * is thrown once those under way have ended: nothing works on behind the caller's back.
 */
export async function forEachBounded<T>(
  items: Iterable<T>,
  inFlightMax: number,
  task: (item: T, index: number) => Promise<void>,
): Promise<void> {
  const rest = items[Symbol.iterator]();
  const failures: unknown[] = [];
  let started = 0;
  const lane = async (): Promise<void> => {
    for (let next = rest.next(); next.done !== true && failures.length === 0; next = rest.next()) {
      const index = started++;
      await task(next.value, index).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: inFlightMax }, lane));
  if (failures.length > 0) throw failures[0];
}
