import { CURVE_KEY_SIZE } from '@panal/access';
import {
  type AccessWatchRequest,
  KEY_ID_SIZE,
  KEY_LIST_MAX,
  type KeyCreateRequest,
  type KeyListRequest,
  type KeyRevokeRequest,
  type KeyRotateRequest,
  SEALED_KEY_SIZE_MAX,
  type TicketRequest,
} from '@panal/wire';
import { IsOptional } from 'class-validator';
import { IsBytesOf, IsBytesUpTo, IsNamespace, IsPeerId, IsWholeNumber } from '../field-rules.js';

export class TicketMessage implements TicketRequest {
  @IsNamespace()
  readonly namespace!: string;

  @IsPeerId()
  readonly peerId!: Uint8Array;

  @IsBytesOf(CURVE_KEY_SIZE)
  readonly publicKey!: Uint8Array;
}

export class AccessWatchMessage implements AccessWatchRequest {
  @IsNamespace()
  readonly namespace!: string;
}

export class KeyMessage implements KeyRevokeRequest {
  @IsNamespace()
  readonly namespace!: string;

  @IsBytesOf(KEY_ID_SIZE)
  readonly id!: Uint8Array;
}

export class KeyCreateMessage extends KeyMessage implements KeyCreateRequest {
  @IsBytesUpTo(SEALED_KEY_SIZE_MAX)
  readonly sealed!: Uint8Array;
}

export class KeyRotateMessage extends KeyMessage implements KeyRotateRequest {
  @IsOptional()
  @IsBytesUpTo(SEALED_KEY_SIZE_MAX)
  readonly sealed?: Uint8Array;

  @IsOptional()
  @IsWholeNumber(0)
  readonly oldUntil?: number;
}

export class KeyListMessage implements KeyListRequest {
  @IsNamespace()
  readonly namespace!: string;

  @IsOptional()
  @IsBytesOf(KEY_ID_SIZE)
  readonly after?: Uint8Array;

  @IsWholeNumber(1, KEY_LIST_MAX)
  readonly countMax!: number;
}
