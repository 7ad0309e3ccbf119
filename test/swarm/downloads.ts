import { createHash, randomBytes } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { PanalStack, Place } from './panal-stack.js';

/** A download that nothing arrives for in this time has failed: longer than any fault but the cut of a minute. */
const WAIT_S = '90';
const SMALL_SIZE_BYTES = 512 * 1024;
const PAUSE_MS = 1_000;

/** A file that one machine shares. */
export interface SharedFile {
  readonly name: string;
  readonly sha256: string;
}

/** Files shared on some machines and fetched on others; counts what came whole and what did not. */
export class Downloads {
  done = 0;
  readonly failures: string[] = [];
  #isOver = true;
  #loop: Promise<void> = Promise.resolve();

  constructor(private readonly stack: PanalStack) {}

  async share(place: Place, sizeBytes: number): Promise<SharedFile> {
    // A name of its own: `panal share` returns before trackers have moved a name that meant something else.
    const name = `file-${randomBytes(6).toString('hex')}`;
    const bytes = randomBytes(sizeBytes);
    await writeFile(path.join(place.engine.contentFolder, name), bytes);
    await this.stack.panal(place, 'share', `/content/${name}`, '--name', `${name}:1`);
    return { name, sha256: sha256(bytes) };
  }

  /** Fetches and compares. Never rejects: `failures` has the reason. */
  async fetch(place: Place, { name, sha256: expected }: SharedFile): Promise<void> {
    const folder = place.service ?? 'got';
    try {
      await this.stack.panal(place, 'get', `${name}:1`, '--to', `/content/${folder}`, '--wait', WAIT_S);
      const file = path.join(place.engine.contentFolder, folder, name);
      const found = sha256(await readFile(file));
      if (found !== expected) throw new Error(`${name} has other bytes: ${found}, not ${expected}`);
      this.done += 1;
      await rm(file);
    } catch (error) {
      this.failures.push(`${name} on ${place.engine.host.name}: ${String(error)}`);
    }
  }

  /** Shares one new small file after another on `from` and fetches it on `to`, until `stop`. */
  start(from: Place, to: Place): void {
    this.#isOver = false;
    this.#loop = this.#run(from, to);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#loop;
  }

  async #run(from: Place, to: Place): Promise<void> {
    while (!this.#isOver) {
      try {
        await this.fetch(to, await this.share(from, SMALL_SIZE_BYTES));
      } catch (error) {
        this.failures.push(`not shared on ${from.engine.host.name}: ${String(error)}`);
      }
      await wait(PAUSE_MS);
    }
  }
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
