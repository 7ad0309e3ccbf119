import { setFlagsFromString } from 'node:v8';

/**
 * Twice what lives may be added before the whole heap is collected. V8's own choice on a machine with much memory is more,
 * and a peer that has hashed or read 50,000 files then keeps 100 MiB of garbage for hours. Not less: at 50 and at 100 the
 * block slots, which V8 counts in, made it collect ten times a second, and a download cost a quarter more CPU.
 * @see docs/designs/0004-many-small-files.md
 */
const GROWTH_PERCENT = 200;

/** For the whole process and its workers; before anything large is made. */
export function boundHeapGrowth(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}
