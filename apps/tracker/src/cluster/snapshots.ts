import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { DataFolder } from '@panal/storage-fs';
import type { RecordLog } from '@panal/storage-lmdb';
import type { SnapshotReply } from '@panal/wire';
import { SnapshotBusyError, SnapshotExistsError, SnapshotLimitError } from '../errors.js';
import { RECORDS_FOLDER, SNAPSHOTS_FOLDER, SNAPSHOTS_MAX } from '../limits.js';

/**
 * Copies of what a tracker keeps, below its data folder. Each is a data folder itself: a tracker started with a copy of it
 * (`--data`) is this tracker as it was then, and gets from the others what came since. Keys are not in it.
 */
export class Snapshots {
  #isBusy = false;

  constructor(
    private readonly folder: DataFolder,
    private readonly log: Pick<RecordLog, 'copyTo'>,
  ) {}

  /** One at a time: two would fight for the disk. @param name As of a server, so one part of a path. @throws PanalError */
  async make(name: string): Promise<SnapshotReply> {
    if (this.#isBusy) throw new SnapshotBusyError();
    this.#isBusy = true;
    try {
      const parent = this.folder.pathOf(SNAPSHOTS_FOLDER);
      const known = await namesIn(parent);
      if (known.includes(name)) throw new SnapshotExistsError(path.join(parent, name));
      if (known.length >= SNAPSHOTS_MAX) throw new SnapshotLimitError(parent);
      let sizeBytes = 0;
      const folder = await this.folder.makeTwin(`${SNAPSHOTS_FOLDER}/${name}`, async (twin) => {
        sizeBytes = await this.log.copyTo(path.join(twin, RECORDS_FOLDER));
      });
      return { name, folder, sizeBytes };
    } finally {
      this.#isBusy = false;
    }
  }
}

/** Those that are whole: while one is made its name begins with a dot. */
async function namesIn(folder: string): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return (await readdir(folder)).filter((name) => !name.startsWith('.'));
}
