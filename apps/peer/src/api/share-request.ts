import type { ShareRequest, TorrentFormatName } from '@panal/wire';
import { IsIn, IsInt, IsOptional, IsString, MaxLength, MinLength } from 'class-validator';

/** Longest path Linux takes, in bytes; nothing longer can be opened. */
export const PATH_LENGTH_MAX = 4096;

export class ShareBody implements ShareRequest {
  @IsString()
  @MinLength(1)
  @MaxLength(PATH_LENGTH_MAX)
  readonly path!: string;

  @IsOptional()
  @IsString()
  readonly name?: string;

  @IsOptional()
  @IsInt()
  readonly chunkSizeBytes?: number;

  @IsOptional()
  @IsIn(['v1', 'v2', 'hybrid'])
  readonly format?: TorrentFormatName;
}
