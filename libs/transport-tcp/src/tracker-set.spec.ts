import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { formatAddress, type HostPort, SeededRandom } from '@panal/runtime';
import { type ClusterMembersReply, type LookupReply, TRACKER_PATTERNS } from '@panal/wire';
import { bedPorts, RpcBed, realClock, realTimers, until } from './rpc/rpc-bed.fixture.js';
import type { TcpRpcServer } from './rpc/tcp-rpc-server.js';
import { TrackerSet } from './tracker-set.js';

const hash = Buffer.alloc(32, 1);
const lookup = { namespace: 'default', hash, index: -1, peerCountMax: 50 };

/** A cluster over real connections: every tracker answers the same, and says who it is. */
class Cluster {
  readonly bed = new RpcBed();
  readonly servers: TcpRpcServer[] = [];
  readonly asked: number[] = [];

  async start(count: number): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      this.servers.push(await this.bed.serve(this.controllerOf(index), { limits: { drainTimeoutMs: 0 } }));
    }
  }

  addressOf(index: number): HostPort {
    return (this.servers[index] as TcpRpcServer).address;
  }

  controllerOf(index: number): new () => object {
    const members = (): ClusterMembersReply => this.#members(index);
    const answer = (): LookupReply => {
      this.asked.push(index);
      return { peers: [], seedCount: index, leechCount: 0 };
    };
    @Controller()
    class MemberTracker {
      @MessagePattern(TRACKER_PATTERNS.clusterMembers)
      members(): ClusterMembersReply {
        return members();
      }

      @MessagePattern(TRACKER_PATTERNS.lookup)
      lookup(): LookupReply {
        return answer();
      }
    }
    return MemberTracker;
  }

  #members(self: number): ClusterMembersReply {
    const members = this.servers.map(({ address }, index) => ({
      id: idOf(index),
      name: `t${index}`,
      rpc: { host: address.host, port: address.port },
      zone: '',
      weight: 1,
      phase: 'active' as const,
      isAlive: true,
    }));
    return { clusterId: 'c1', epoch: 1, slotCount: 16_384, members, self: idOf(self) };
  }
}

const idOf = (index: number): string => index.toString(16).padStart(32, '0');

describe('TrackerSet over TCP', () => {
  const cluster = new Cluster();
  let set: TrackerSet;

  beforeAll(() => cluster.start(3));
  afterAll(async () => {
    await set.close();
    await cluster.bed.end();
  });

  it('learns the members from one of them, asks one, and another when that one is gone', async () => {
    const ports = bedPorts();
    const remembered: (readonly HostPort[])[] = [];
    set = new TrackerSet({
      // The same tracker by two addresses is one of them.
      addresses: [cluster.addressOf(0), { ...cluster.addressOf(0), host: 'localhost' }],
      clock: realClock,
      timers: realTimers,
      random: new SeededRandom(1),
      makeClient: (address) => cluster.bed.client(address, { ports }),
      onMembers: (addresses) => remembered.push(addresses),
    });
    set.start();
    await until(() => set.views().filter(({ state }) => state === 'connected').length === 2);
    await until(() => set.views().length === 3);
    expect(set.views().map(({ name }) => name)).toEqual(['t0', 't1', 't2']);
    expect(remembered.at(-1)?.map(formatAddress).sort()).toEqual(
      cluster.servers.map(({ address }) => formatAddress(address)).sort(),
    );

    const first = (await set.lookup(lookup)).seedCount;
    expect((await set.lookup(lookup)).seedCount).toBe(first);
    expect(cluster.asked).toEqual([first, first]);
    await cluster.servers[first]?.close();
    const second = (await set.lookup(lookup)).seedCount;
    expect(second).not.toBe(first);
  });
});
