import { networkInterfaces } from 'node:os';
import type { DigestSeed, RecordLifetimes } from '@panal/cluster';
import type { HostPort } from '@panal/runtime';
import type { TrackerConfig } from '../config.js';
import { DURABLE_TOMBSTONE_MS, SOFT_LIFE_MS_MIN } from '../limits.js';

/** Where others reach a listener: as advertised, else where it listens, else at the first address of this machine. */
export function reachableAt(listening: HostPort, advertised: HostPort | undefined): HostPort {
  if (advertised !== undefined) return advertised;
  return isAnyHost(listening.host) ? { host: ownAddress(), port: listening.port } : listening;
}

/** The address of this machine that others most likely see; loopback when it has no other. */
function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const outward = all.filter(({ internal }) => !internal);
  return (outward.find(({ family }) => family === 'IPv4') ?? outward[0])?.address ?? '127.0.0.1';
}

function isAnyHost(host: string): boolean {
  return host === '0.0.0.0' || host === '::' || host === '[::]' || host === '';
}

/** What all trackers of a cluster share and nobody else knows, as 8 bytes. */
export function digestSeed(bytes: Buffer): DigestSeed {
  return { high: bytes.readUInt32BE(0), low: bytes.readUInt32BE(4) };
}

/** How long records are remembered. @param lifeMs Longest time a soft record is served. */
export function lifetimes(lifeMs: number): RecordLifetimes {
  return { softMs: Math.max(SOFT_LIFE_MS_MIN, 2 * lifeMs), durableTombstoneMs: DURABLE_TOMBSTONE_MS };
}

/** Where clients reach this tracker. */
export function rpcAddress({ advertise, listen }: Pick<TrackerConfig, 'advertise' | 'listen'>, port: number): HostPort {
  return reachableAt({ host: listen.host, port }, advertise[0]);
}
