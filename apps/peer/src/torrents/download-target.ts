import { lstat } from 'node:fs/promises';
import path from 'node:path';
import {
  discardStaging,
  distrustTarget,
  FileChunkStore,
  isTargetPlaced,
  type OpenedChunkStore,
  TargetExistsError,
  verifyTarget,
} from '@panal/storage-fs';
import type { Metainfo } from '@panal/torrent';
import type { DownloadRequest } from '@panal/wire';
import type { TorrentPorts } from './catalog-torrent.js';

/** The place a download goes to, and what is there before and after. */
export class DownloadTarget {
  /** Absolute path of the content. */
  readonly path: string;

  constructor(
    private readonly metainfo: Metainfo,
    private readonly request: Pick<DownloadRequest, 'directory' | 'rename' | 'force'>,
    private readonly ports: Pick<TorrentPorts, 'inHashingTurn' | 'clock'>,
  ) {
    this.path = path.join(request.directory, request.rename ?? metainfo.name);
  }

  /**
   * @returns Undefined when the content is at its place already.
   * @throws TargetExistsError when something else is there and was not to be replaced, TargetUnwritableError
   */
  async open(signal: AbortSignal): Promise<OpenedChunkStore | undefined> {
    // A process before this one placed it and did not live to sync it: what is there is ours, and the store looks at it.
    const placed = (await isTargetPlaced(this.#storeOptions())) ? await this.#openPlaced(signal) : undefined;
    if (placed !== undefined) return placed;
    // To see that nothing is there needs no turn: a download does not wait until something else is hashed.
    if (await this.#isAbsent()) return FileChunkStore.open(this.#storeOptions());
    const state = await this.ports.inHashingTurn(() => verifyTarget(this.metainfo, this.path, { signal }), signal);
    if (state === 'identical') {
      // A crash between the rename and the cleaning up leaves an empty staging folder behind.
      await this.discard();
      return undefined;
    }
    if (state === 'different' && this.request.force !== true) throw new TargetExistsError(this.path);
    return FileChunkStore.open(this.#storeOptions());
  }

  /** @returns Undefined when whoever placed it synced it before our turn came: then it is content like any other. */
  async #openPlaced(signal: AbortSignal): Promise<OpenedChunkStore | undefined> {
    try {
      return await this.ports.inHashingTurn(() => FileChunkStore.open(this.#storeOptions()), signal);
    } catch (error) {
      if (error instanceof TargetExistsError) return undefined;
      throw error;
    }
  }

  /** Removes what an unfinished download left beside the target. */
  discard(): Promise<void> {
    return discardStaging(this.#storeOptions());
  }

  /** Has the next `open` read what is there, and mend it. */
  distrust(): Promise<void> {
    return distrustTarget(this.#storeOptions());
  }

  #isAbsent(): Promise<boolean> {
    return lstat(this.path).then(
      () => false,
      (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
    );
  }

  #storeOptions(): Parameters<typeof FileChunkStore.open>[0] {
    const { directory, rename, force } = this.request;
    const targetName = rename === undefined ? {} : { targetName: rename };
    return { metainfo: this.metainfo, directory, ...targetName, isForced: force ?? false, clock: this.ports.clock };
  }
}
