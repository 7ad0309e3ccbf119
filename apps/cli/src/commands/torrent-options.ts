import type { TorrentFormatName } from '@panal/wire';

export interface ShowOptions {
  readonly json?: boolean;
  readonly files?: boolean;
}

export interface CreateOptions {
  readonly output?: string;
  readonly format: TorrentFormatName;
  readonly chunkSize?: number;
  readonly force?: boolean;
  readonly json?: boolean;
}
