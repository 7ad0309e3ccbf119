import { errorReport, formatAddress, type HostPort, type Logger, parseAddress } from '@panal/runtime';
import type { DataFolder } from '@panal/storage-fs';

const FILE = 'trackers.json';

/** What is kept of the trackers: enough to find the cluster when those that were named are gone. */
interface TrackersFile {
  readonly format: 1;
  /** Name of the cluster: those of another are of no use. */
  readonly cluster: string;
  /** HOST:PORT. */
  readonly trackers: readonly string[];
}

/** The trackers this peer has learned of, kept in its data folder. A hint only: nothing depends on it. */
export class TrackerMemory {
  constructor(
    private readonly folder: Pick<DataFolder, 'readJson' | 'writeJson'>,
    private readonly cluster: string,
    private readonly logger: Logger,
  ) {}

  /** None when nothing was kept, or nothing of use. */
  async recall(): Promise<HostPort[]> {
    try {
      const file = await this.folder.readJson(FILE);
      return isTrackersFile(file) && file.cluster === this.cluster
        ? file.trackers.map((address) => parseAddress(address))
        : [];
    } catch (error) {
      this.logger.warn('The trackers learned before cannot be read; the named ones will do', { ...errorReport(error) });
      return [];
    }
  }

  /** Replaces what was kept. */
  async keep(addresses: readonly HostPort[]): Promise<void> {
    const file: TrackersFile = { format: 1, cluster: this.cluster, trackers: addresses.map(formatAddress) };
    try {
      await this.folder.writeJson(FILE, file);
    } catch (error) {
      this.logger.warn('The trackers learned could not be kept', { ...errorReport(error) });
    }
  }
}

function isTrackersFile(value: unknown): value is TrackersFile {
  if (typeof value !== 'object' || value === null) return false;
  const { format, cluster, trackers } = value as Record<string, unknown>;
  const isList = Array.isArray(trackers) && trackers.every((address) => typeof address === 'string');
  return format === 1 && typeof cluster === 'string' && isList;
}
