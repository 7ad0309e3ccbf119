import { type ClusterNode, namesWithoutCordons } from '@panal/cluster';
import type { CordonReply, DrainReply, RepairReply, SnapshotReply } from '@panal/wire';
import { ClusterMixedError, SnapshotImpossibleError } from '../errors.js';
import type { ClusterRuntime } from './cluster-runtime.js';
import type { Fence } from './fence.js';
import type { RecordKeeper } from './record-keeper.js';
import type { Snapshots } from './snapshots.js';

export interface OrdersParts {
  readonly node: ClusterNode;
  readonly runtime: Pick<ClusterRuntime, 'step'>;
  readonly keeper: Pick<RecordKeeper, 'keepOrders'>;
  readonly fence: Fence;
  /** Undefined where nothing is kept on disk. */
  readonly snapshots: Snapshots | undefined;
}

/**
 * What this tracker can be told by an operator, or by a program in its place. Each order comes with a fencing token and throws
 * OrderOutdatedError when a later commander was here before.
 */
export class Orders {
  constructor(private readonly parts: OrdersParts) {}

  /** Hands everything over and owns nothing from now on. Answered at once; the status tells how far it is. */
  async drain(fence: number): Promise<DrainReply> {
    const { runtime, node } = this.parts;
    await this.parts.fence.pass(fence);
    runtime.step({ kind: 'leave' });
    return { phase: node.self.phase };
  }

  /** Compares all that this tracker owns with the other owners again. */
  async repair(fence: number): Promise<RepairReply> {
    const { runtime, node } = this.parts;
    await this.parts.fence.pass(fence);
    runtime.step({ kind: 'repair' });
    return { slotCount: node.status().slots.owned };
  }

  /** No record shall depend on this tracker, or may again; over restarts, too. @throws ClusterMixedError */
  async cordon(fence: number, isCordoned: boolean): Promise<CordonReply> {
    const { runtime, node, keeper } = this.parts;
    const older = namesWithoutCordons(node.view.members);
    if (isCordoned && older.length > 0) throw new ClusterMixedError(older);
    await this.parts.fence.pass(fence);
    await keeper.keepOrders({ isCordoned });
    runtime.step({ kind: 'cordon', isCordoned });
    return { isCordoned: node.self.isCordoned === true };
  }

  /** Copies all that this tracker keeps into a folder of its own. @throws PanalError */
  async snapshot(fence: number, name: string): Promise<SnapshotReply> {
    const { snapshots } = this.parts;
    if (snapshots === undefined) throw new SnapshotImpossibleError();
    await this.parts.fence.pass(fence);
    return snapshots.make(name);
  }
}
