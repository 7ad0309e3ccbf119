import type { DownloadRequest, VerifyMode } from '@panal/wire';
import { IsBase64, IsBoolean, IsIn, IsOptional, IsString, Matches, MaxLength, MinLength } from 'class-validator';
import { PATH_LENGTH_MAX } from './share-request.js';

/** A torrent file as base64; 64 MiB of it describe some 100,000 files. */
const TORRENT_TEXT_MAX = 64 * 1024 * 1024;
/** A magnet link with every tracker of a large cluster in it. */
const MAGNET_LENGTH_MAX = 8192;

export class DownloadBody implements DownloadRequest {
  @IsOptional()
  @IsBase64()
  @MaxLength(TORRENT_TEXT_MAX)
  readonly torrent?: string;

  @IsOptional()
  @IsString()
  @MaxLength(64)
  readonly hash?: string;

  @IsOptional()
  @IsString()
  @MaxLength(MAGNET_LENGTH_MAX)
  readonly magnet?: string;

  @IsOptional()
  @IsString()
  @MaxLength(128)
  readonly name?: string;

  @IsString()
  @MinLength(1)
  @MaxLength(PATH_LENGTH_MAX)
  readonly directory!: string;

  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(255)
  readonly rename?: string;

  @IsOptional()
  @IsBoolean()
  readonly force?: boolean;

  @IsOptional()
  @Matches(/^[a-z][a-z0-9-]{0,31}$/)
  readonly scheduler?: string;

  @IsOptional()
  @IsIn(['standard', 'reread'])
  readonly verify?: VerifyMode;
}
