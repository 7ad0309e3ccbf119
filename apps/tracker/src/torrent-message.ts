import { type TorrentRequest, WHOLE_TORRENT } from '@panal/wire';
import { IsContentId, IsNamespace, IsWholeNumber } from './field-rules.js';

/** What every message about one torrent has. `index` is -1 (the whole torrent) or 0: a tracker keeps no further parts. */
export class TorrentMessage implements TorrentRequest {
  @IsNamespace()
  readonly namespace!: string;

  @IsContentId()
  readonly hash!: Uint8Array;

  @IsWholeNumber(WHOLE_TORRENT, 0)
  readonly index!: number;
}
