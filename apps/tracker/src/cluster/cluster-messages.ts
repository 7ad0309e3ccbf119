import { EVERYWHERE } from '@panal/cluster';
import {
  type AdminRequest,
  type ClusterSlotsRequest,
  SLOT_LIST_MAX,
  type SnapshotRequest,
  type TrackerRequest,
} from '@panal/wire';
import { IsNamespace, IsNodeName, IsWholeNumber } from '../field-rules.js';

export class ClusterMessage implements TrackerRequest {
  @IsNamespace()
  readonly namespace!: string;
}

export class SlotsMessage extends ClusterMessage implements ClusterSlotsRequest {
  @IsWholeNumber(0, EVERYWHERE)
  readonly from!: number;

  @IsWholeNumber(1, SLOT_LIST_MAX)
  readonly countMax!: number;
}

export class AdminMessage extends ClusterMessage implements AdminRequest {
  @IsWholeNumber(0)
  readonly fence!: number;
}

export class SnapshotMessage extends AdminMessage implements SnapshotRequest {
  /** One part of a path, and never `.` or `..`. */
  @IsNodeName()
  readonly name!: string;
}
