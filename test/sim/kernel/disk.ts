import type { Random } from '@panal/runtime';
import { between, isHit } from './draw.js';
import type { Simulation } from './simulation.js';

/** How long a sync takes, and how often it takes `stallMs` instead. */
export interface DiskSpeed {
  readonly syncMs: { readonly min: number; readonly max: number };
  readonly stallRate: number;
  readonly stallMs: number;
}

export const FAST_DISK: DiskSpeed = { syncMs: { min: 0.1, max: 2 }, stallRate: 0, stallMs: 0 };

/** Everything on a disk at one moment, for a restore from an old backup. */
export type DiskImage = ReadonlyMap<string, readonly Buffer[]>;

interface Change {
  readonly file: string;
  readonly entries: readonly Buffer[];
  /** Replaces the file, as a rename does, instead of appending to it. */
  readonly isRewrite: boolean;
}

/**
 * Files of entries. What was appended can be read back at once, survives the death of the process, and survives the death
 * of the machine once a sync that began after it has ended; of the rest a random beginning survives.
 */
export class SimulatedDisk {
  readonly #synced = new Map<string, Buffer[]>();
  readonly #unsynced: Change[] = [];
  /** Number of changes that were ever synced. */
  #syncedCount = 0;
  #speed: DiskSpeed = FAST_DISK;
  #machineLife = 0;
  #isSyncing = false;
  readonly #waiting: (() => void)[] = [];
  readonly #random: Random;

  constructor(
    private readonly simulation: Simulation,
    private readonly name: string,
  ) {
    this.#random = simulation.random(`disk ${name}`);
  }

  set speed(speed: DiskSpeed) {
    this.#speed = speed;
  }

  append(file: string, entry: Buffer): void {
    this.#unsynced.push({ file, entries: [entry], isRewrite: false });
  }

  /** Replaces a file as a whole: all of the old or all of the new is there after a crash. */
  rewrite(file: string, entries: readonly Buffer[]): void {
    this.#unsynced.push({ file, entries: [...entries], isRewrite: true });
  }

  /**
   * Calls back when everything appended before is safe from a crash; never if the machine dies first. One runs at a time, and
   * all that are asked for meanwhile become one: so a slow disk is late by two of its syncs, not by all that were ever asked.
   */
  sync(done: () => void): void {
    this.#waiting.push(done);
    if (!this.#isSyncing) this.#beginSync();
  }

  #beginSync(): void {
    const { syncMs, stallRate, stallMs } = this.#speed;
    const tookMs = isHit(this.#random, stallRate) ? stallMs : between(this.#random, syncMs.min, syncMs.max);
    const upTo = this.#syncedCount + this.#unsynced.length;
    const life = this.#machineLife;
    const waiting = this.#waiting.splice(0);
    this.#isSyncing = true;
    this.simulation.after(tookMs, () => {
      if (life !== this.#machineLife) return;
      this.#isSyncing = false;
      this.#commit(upTo - this.#syncedCount);
      if (this.#waiting.length > 0) this.#beginSync();
      for (const done of waiting) done();
    });
  }

  /** The entries of a file, oldest first, as the process sees them. */
  read(file: string): readonly Buffer[] {
    const view = new Map([[file, [...(this.#synced.get(file) ?? [])]]]);
    for (const change of this.#unsynced) if (change.file === file) apply(view, change);
    return view.get(file) ?? [];
  }

  /** The machine dies: of what was not synced, a random beginning survives. @returns Number of lost changes. */
  crash(): number {
    this.#stopSyncs();
    this.#commit(this.#random.below(this.#unsynced.length + 1));
    const lost = this.#unsynced.splice(0);
    if (lost.length > 0) this.simulation.note(this.name, `crash lost ${lost.length} unsynced changes`);
    return lost.length;
  }

  /** A new, empty disk. */
  wipe(): void {
    this.restore(new Map());
  }

  image(): DiskImage {
    const image = new Map([...this.#synced].map(([file, entries]) => [file, [...entries]]));
    for (const change of this.#unsynced) apply(image, change);
    return image;
  }

  restore(image: DiskImage): void {
    this.#stopSyncs();
    this.#unsynced.length = 0;
    this.#synced.clear();
    for (const [file, entries] of image) this.#synced.set(file, [...entries]);
  }

  #stopSyncs(): void {
    this.#machineLife += 1;
    this.#isSyncing = false;
    this.#waiting.length = 0;
  }

  #commit(count: number): void {
    for (const change of this.#unsynced.splice(0, Math.max(0, count))) {
      apply(this.#synced, change);
      this.#syncedCount += 1;
    }
  }
}

function apply(files: Map<string, Buffer[]>, { file, entries, isRewrite }: Change): void {
  const before = files.get(file);
  if (isRewrite || before === undefined) files.set(file, [...entries]);
  else before.push(...entries);
}
