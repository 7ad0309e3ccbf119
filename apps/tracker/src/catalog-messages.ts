import {
  type MetadataPutRequest,
  type NameGetRequest,
  type NamePutRequest,
  TORRENT_LIST_MAX,
  type TorrentListRequest,
  type TrackerStatusRequest,
} from '@panal/wire';
import { IsOptional } from 'class-validator';
import { IsBytes, IsClock, IsContentId, IsNamespace, IsTorrentName, IsWholeNumber } from './field-rules.js';
import { TorrentMessage } from './torrent-message.js';

/** The size of `bytes` is checked where the limit can be explained: by the store. */
export class MetadataPutMessage extends TorrentMessage implements MetadataPutRequest {
  @IsBytes()
  readonly bytes!: Uint8Array;
}

export class NamePutMessage implements NamePutRequest {
  @IsNamespace()
  readonly namespace!: string;

  @IsTorrentName()
  readonly name!: string;

  @IsContentId()
  readonly hash!: Uint8Array;

  @IsClock()
  readonly setAt!: number;
}

export class NameGetMessage implements NameGetRequest {
  @IsNamespace()
  readonly namespace!: string;

  @IsTorrentName()
  readonly name!: string;
}

export class TorrentListMessage implements TorrentListRequest {
  @IsNamespace()
  readonly namespace!: string;

  @IsOptional()
  @IsContentId()
  readonly after?: Uint8Array;

  @IsWholeNumber(1, TORRENT_LIST_MAX)
  readonly countMax!: number;
}

export class StatusMessage implements TrackerStatusRequest {
  @IsNamespace()
  readonly namespace!: string;
}
