import path from 'node:path';
import { type AccessKey, ClientKeyCredentials, ClusterKeyCredentials } from '@panal/access';
import { SystemClock, SystemRandom, SystemTimers } from '@panal/nest';
import { type HostPort, parseAddress, ReportedError } from '@panal/runtime';
import { readKeyFile } from '@panal/storage-fs';
import { TcpRpcClient } from '@panal/transport-tcp';
import {
  type ClusterMembersReply,
  type ClusterStatusReply,
  DEFAULT_NAMESPACE,
  HybridClock,
  TRACKER_PATTERNS,
  type TrackerMember,
} from '@panal/wire';
import { UsageError } from '../errors.js';
import { TRACKER_REPLY_TIMEOUT_MS } from '../limits.js';
import { readClusterRecord, upFolder } from '../up/cluster-record.js';

/** Which trackers, and the right to speak with them. */
export interface TrackerChoice {
  readonly dataDir: string;
  /** `HOST:PORT`; empty: those of `panal up` on the data folder. */
  readonly trackers: readonly string[];
  readonly keyFile: string | undefined;
  readonly cluster: string | undefined;
}

/** A tracker's view of the cluster, or why there is none. */
export interface TrackerReport {
  readonly member: TrackerMember;
  readonly status: ClusterStatusReply | undefined;
  readonly failure: Error | undefined;
}

const TRACKER_PORT = 5555;

/** Speaks with the trackers of a cluster as an operator does: one question, one answer, each tracker by itself. */
export class TrackerConsole {
  constructor(
    private readonly addresses: readonly HostPort[],
    /** Of the cluster, or of an admin. */
    readonly key: AccessKey,
    readonly cluster: string,
  ) {}

  /** @throws UsageError when it is not clear which cluster is meant; PanalError when the key cannot be read */
  static async open({ dataDir, trackers, keyFile, cluster }: TrackerChoice): Promise<TrackerConsole> {
    const record = await readClusterRecord(upFolder(dataDir));
    const named = trackers.length > 0 ? trackers : (record?.trackers ?? []).map(({ address }) => address);
    if (named.length === 0) {
      throw new UsageError(
        `No cluster runs from ${dataDir}.`,
        'Name a tracker with --tracker HOST:PORT, or the data folder of `panal up` with --data.',
      );
    }
    const file = keyFile ?? (trackers.length === 0 ? record?.keyFile : undefined) ?? path.join(dataDir, 'cluster.key');
    const key = await readKeyFile(file);
    const ofKey = key.kind === 'client' ? key.key.cluster : undefined;
    const addresses = named.map((text) => parseAddress(text, { port: TRACKER_PORT }));
    return new TrackerConsole(addresses, key, ofKey ?? cluster ?? record?.cluster ?? 'panal');
  }

  /** All trackers of the cluster, as the first one that answers knows them. @throws the last failure when none does */
  async members(): Promise<readonly TrackerMember[]> {
    const reply = await this.askAny<ClusterMembersReply>(TRACKER_PATTERNS.clusterMembers, {});
    return [...reply.members].sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** The tracker that is called so, or has this id. @throws UsageError when there is none */
  async member(name: string): Promise<TrackerMember> {
    const members = await this.members();
    const member = members.find((one) => one.name === name || one.id === name);
    if (member !== undefined) return member;
    const known = members.map((one) => one.name).join(', ');
    throw new UsageError(`No tracker of the cluster is called "${name}".`, `There are ${known}.`);
  }

  /** Asks every member for its own view. One that does not answer has a failure. */
  async reports(): Promise<readonly TrackerReport[]> {
    const members = await this.members();
    return Promise.all(
      members.map(async (member) => {
        try {
          const status = await this.ask<ClusterStatusReply>(member.rpc, TRACKER_PATTERNS.clusterStatus, {});
          return { member, status, failure: undefined };
        } catch (error) {
          return { member, status: undefined, failure: error as Error };
        }
      }),
    );
  }

  /** One question to one tracker. @throws PanalError */
  async ask<Reply>(
    address: HostPort,
    pattern: string,
    data: object,
    timeoutMs = TRACKER_REPLY_TIMEOUT_MS,
  ): Promise<Reply> {
    const client = new TcpRpcClient({
      address,
      identity: { role: 'client', cluster: this.cluster, principal: 'client:cli' },
      secret:
        this.key.kind === 'cluster' ? new ClusterKeyCredentials(this.key.ring) : new ClientKeyCredentials(this.key.key),
      ports: {
        clock: new SystemClock(),
        timers: new SystemTimers(),
        random: new SystemRandom(),
        hybridClock: new HybridClock(),
      },
    });
    try {
      const request = { namespace: DEFAULT_NAMESPACE, ...data };
      return await client.call<Reply>(pattern, request, { timeoutMs });
    } finally {
      await client.close();
    }
  }

  /** One question to the first tracker that answers. @throws the tracker's own error, or the last failure to reach one */
  async askAny<Reply>(pattern: string, data: object): Promise<Reply> {
    let failure: unknown;
    for (const address of this.addresses) {
      try {
        return await this.ask<Reply>(address, pattern, data);
      } catch (error) {
        if (error instanceof ReportedError && !error.retryable) throw error;
        failure = error;
      }
    }
    throw failure;
  }
}
