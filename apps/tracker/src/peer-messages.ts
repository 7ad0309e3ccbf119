import {
  type AnnounceRequest,
  type DeregisterRequest,
  HANDOUT_PEERS_MAX,
  type HeartbeatRequest,
  type HeartbeatTorrent,
  type LookupRequest,
  PEER_ADDRESSES_MAX,
  type PeerAddress,
  type PeerIdentity,
} from '@panal/wire';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsBoolean, IsObject, IsOptional, ValidateNested } from 'class-validator';
import {
  IsHeartbeatTorrents,
  IsHost,
  IsLabels,
  IsNamespace,
  IsNodeName,
  IsPeerId,
  IsPort,
  IsTitle,
  IsWholeNumber,
} from './field-rules.js';
import { TorrentMessage } from './torrent-message.js';

class AddressField implements PeerAddress {
  @IsNodeName()
  readonly network!: string;

  @IsHost()
  readonly host!: string;

  @IsPort()
  readonly port!: number;
}

class IdentityField implements PeerIdentity {
  @IsPeerId()
  readonly id!: Uint8Array;

  @IsNodeName()
  readonly name!: string;

  @IsWholeNumber(0)
  readonly incarnation!: number;

  @IsArray()
  @ArrayMaxSize(PEER_ADDRESSES_MAX)
  @ValidateNested({ each: true })
  @Type(() => AddressField)
  readonly addresses!: readonly AddressField[];

  @IsPort()
  readonly dataPort!: number;

  @IsOptional()
  @IsLabels()
  readonly labels?: Readonly<Record<string, string>>;
}

export class AnnounceMessage extends TorrentMessage implements AnnounceRequest {
  @IsObject()
  @ValidateNested()
  @Type(() => IdentityField)
  readonly peer!: IdentityField;

  @IsBoolean()
  readonly isComplete!: boolean;

  @IsWholeNumber(0)
  readonly chunksDone!: number;

  @IsWholeNumber(0)
  readonly sizeBytes!: number;

  @IsTitle()
  readonly title!: string;

  @IsWholeNumber(0, HANDOUT_PEERS_MAX)
  readonly peerCountMax!: number;
}

export class DeregisterMessage extends TorrentMessage implements DeregisterRequest {
  @IsPeerId()
  readonly peerId!: Uint8Array;
}

export class HeartbeatMessage implements HeartbeatRequest {
  @IsNamespace()
  readonly namespace!: string;

  @IsPeerId()
  readonly peerId!: Uint8Array;

  @IsWholeNumber(0)
  readonly incarnation!: number;

  @IsHeartbeatTorrents()
  readonly torrents!: readonly HeartbeatTorrent[];
}

export class LookupMessage extends TorrentMessage implements LookupRequest {
  @IsOptional()
  @IsPeerId()
  readonly peerId?: Uint8Array;

  @IsWholeNumber(0, HANDOUT_PEERS_MAX)
  readonly peerCountMax!: number;
}
