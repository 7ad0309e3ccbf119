import { setFlagsFromString } from 'node:v8';

/**
 * Half of what lives may be added before the whole heap is collected. V8's own choice on a machine with much memory is
 * several times that, and a peer that has hashed or read 50,000 files then keeps 100 MiB of garbage for hours. It costs
 * nothing while block slots are one piece of memory: as pieces of their own V8 counted them in, and collected ten times a
 * second.
 * @see docs/designs/0004-many-small-files.md
 */
const GROWTH_PERCENT = 50;

/** For the whole process and its workers; before anything large is made. */
export function boundHeapGrowth(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}
