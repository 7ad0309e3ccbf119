import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ClusterError } from '../errors.js';
import { identify, isSameProcess, type ProcessIdentity } from '../servers/process-identity.js';

/** One tracker or peer of an embedded cluster, as other commands need to know it. */
export interface ServerRecord {
  readonly name: string;
  readonly pid: number;
  /** `HOST:PORT` of its own protocol. */
  readonly address: string;
  readonly url: string;
  readonly dataDir: string;
  readonly logFile: string;
}

/** `cluster.json`: which `panal up` runs on a data folder, and what belongs to it. It is also the lock of the folder. */
export interface ClusterRecord {
  readonly format: 1;
  readonly owner: ProcessIdentity;
  readonly cluster: string;
  readonly keyFile: string;
  readonly trackers: readonly ServerRecord[];
  readonly peers: readonly ServerRecord[];
}

/** Where `panal up` keeps everything, inside a data folder. */
export function upFolder(dataDir: string): string {
  return path.join(dataDir, 'up');
}

/** The record of a cluster that runs now; `undefined` when none does, also when a record was left by one that is gone. */
export async function readClusterRecord(folder: string): Promise<ClusterRecord | undefined> {
  const record = await readRecordFile(folder);
  return record !== undefined && (await isSameProcess(record.owner)) ? record : undefined;
}

/** Holds `cluster.json` for this process until it is released. */
export class ClusterClaim {
  private constructor(
    private readonly folder: string,
    private readonly owner: ProcessIdentity,
  ) {}

  /**
   * Takes the folder for this process; a record that a dead `up` left is replaced.
   * @throws ClusterError when another `up` that still runs has it.
   */
  static async take(folder: string, stopCommand: string): Promise<ClusterClaim> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const owner = await identify(process.pid);
    if (owner === undefined) throw new Error('this process cannot find itself in the process table');
    const claim = new ClusterClaim(folder, owner);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      if (await claim.#create()) return claim;
      const running = await readClusterRecord(folder);
      if (running !== undefined) {
        throw new ClusterError(
          'cluster_running',
          `A cluster runs from ${folder} already (pid ${running.owner.pid}).`,
          `Stop it with \`${stopCommand}\`, or start another one beside it with --data DIR.`,
        );
      }
      await rm(recordFile(folder), { force: true });
    }
    throw new ClusterError(
      'cluster_running',
      `Another cluster starts from ${folder} just now.`,
      'Try again in a moment.',
    );
  }

  /** Tells other commands what the cluster consists of now. */
  async write(content: Pick<ClusterRecord, 'cluster' | 'keyFile' | 'trackers' | 'peers'>): Promise<void> {
    const aside = await this.#writeAside(content);
    await rename(aside, recordFile(this.folder));
  }

  async release(): Promise<void> {
    const record = await readRecordFile(this.folder);
    if (record?.owner.pid === this.owner.pid && record.owner.birth === this.owner.birth) {
      await rm(recordFile(this.folder), { force: true });
    }
  }

  /** Linking a whole file into place: it fails when one is there, and nobody ever reads half of it. */
  async #create(): Promise<boolean> {
    const aside = await this.#writeAside({ cluster: '', keyFile: '', trackers: [], peers: [] });
    try {
      await link(aside, recordFile(this.folder));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    } finally {
      await rm(aside, { force: true });
    }
  }

  async #writeAside(content: Pick<ClusterRecord, 'cluster' | 'keyFile' | 'trackers' | 'peers'>): Promise<string> {
    const aside = `${recordFile(this.folder)}.${this.owner.pid}`;
    const record: ClusterRecord = { format: 1, owner: this.owner, ...content };
    await writeFile(aside, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 });
    return aside;
  }
}

/** Removes the record of a cluster that is gone. True when there was one. */
export async function removeStaleRecord(folder: string): Promise<boolean> {
  if ((await readRecordFile(folder)) === undefined) return false;
  if ((await readClusterRecord(folder)) !== undefined) return false;
  await rm(recordFile(folder), { force: true });
  return true;
}

function recordFile(folder: string): string {
  return path.join(folder, 'cluster.json');
}

async function readRecordFile(folder: string): Promise<ClusterRecord | undefined> {
  try {
    const raw = JSON.parse(await readFile(recordFile(folder), 'utf8')) as Partial<ClusterRecord>;
    const { owner, trackers, peers } = raw;
    if (raw.format !== 1 || typeof owner?.pid !== 'number' || typeof owner.birth !== 'string') return undefined;
    if (!Array.isArray(trackers) || !Array.isArray(peers)) return undefined;
    return { format: 1, owner, trackers, peers, cluster: String(raw.cluster), keyFile: String(raw.keyFile) };
  } catch {
    return undefined; // none, or not ours: no cluster is known
  }
}
