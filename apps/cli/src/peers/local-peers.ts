import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { ReportedError } from '@panal/runtime';
import type { PeerFile } from '@panal/wire';
import { PeerUnreachableError } from '../errors.js';
import { readClusterRecord, upFolder } from '../up/cluster-record.js';
import { PeerClient } from './peer-client.js';

/** A peer of this machine that answers and takes our token. */
export interface LocalPeer {
  readonly name: string;
  readonly client: PeerClient;
  readonly dataDir: string;
  /** True for a peer of `panal up`. */
  readonly isOfCluster: boolean;
}

/** What the caller wants a peer for: with several peers (those of `panal up`), one shares and another fetches. */
export type PeerUse = 'share' | 'get';

/**
 * The running peers that belong to a data folder: the one that uses the folder itself, then those of `panal up`.
 * What a dead peer left behind is passed over.
 */
export async function findLocalPeers(dataDir: string, signal: AbortSignal): Promise<readonly LocalPeer[]> {
  const record = await readClusterRecord(upFolder(dataDir));
  const found = await Promise.all([
    peerIn(dataDir, false, signal),
    ...(record?.peers ?? []).map((peer) => peerIn(peer.dataDir, true, signal)),
  ]);
  return found.filter((peer) => peer !== undefined);
}

/**
 * The one to use: the named one; else the peer of the folder itself; else of the cluster's the first to share and the
 * second to get, so that `panal share` and `panal get` side by side show a transfer.
 */
export function choosePeer(peers: readonly LocalPeer[], use: PeerUse, name: string | undefined): LocalPeer | undefined {
  if (name !== undefined) {
    const named = peers.find((peer) => peer.name === name);
    if (named !== undefined) return named;
    const known = peers.map((peer) => peer.name).join(', ');
    throw new PeerUnreachableError(
      `No running peer here is called "${name}".`,
      known === '' ? 'No peer runs here. Start one with `panal peer` or `panal up`.' : `These run: ${known}.`,
    );
  }
  const [first, second] = peers;
  return use === 'get' && first?.isOfCluster === true && second !== undefined ? second : first;
}

/** The peer that serves a data folder, or `undefined`: none was started, it is gone, or something else has its port now. */
async function peerIn(dataDir: string, isOfCluster: boolean, signal: AbortSignal): Promise<LocalPeer | undefined> {
  const file = await readPeerFile(dataDir);
  if (file === undefined) return undefined;
  const client = new PeerClient(file.name, file.url, await readToken(dataDir));
  try {
    const status = await client.status(signal);
    return status.pid === file.pid ? { name: status.name, client, dataDir, isOfCluster } : undefined;
  } catch (error) {
    signal.throwIfAborted();
    // The port is another program's now: it knows nothing of our token, or of our interface.
    if (error instanceof PeerUnreachableError || error instanceof ReportedError) {
      if (isRunning(file.pid) && error instanceof ReportedError && error.code === 'unauthorized') throw error;
      return undefined;
    }
    throw error;
  }
}

async function readPeerFile(dataDir: string): Promise<PeerFile | undefined> {
  try {
    const raw = JSON.parse(await readFile(path.join(dataDir, 'peer.json'), 'utf8')) as Partial<PeerFile>;
    if (typeof raw.pid !== 'number' || typeof raw.url !== 'string' || typeof raw.name !== 'string') return undefined;
    if (!isRunning(raw.pid)) return undefined;
    return {
      pid: raw.pid,
      url: raw.url.replace(/\/$/, ''),
      name: raw.name,
      dataAddress: String(raw.dataAddress ?? ''),
    };
  } catch {
    return undefined; // no peer.json, or half of one: no peer serves from here
  }
}

async function readToken(dataDir: string): Promise<string> {
  const file = path.join(dataDir, 'api-token');
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new PeerUnreachableError(
      `A peer runs from ${dataDir}, but its token ${file} cannot be read.`,
      'Run this as the user that started the peer.',
      error,
    );
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
