import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { PeerUnreachableError, ServerStartError } from '../errors.js';
import type { Installation } from '../installation.js';
import { PORT_RETRIES_MAX } from '../limits.js';
import { LOOPBACK, PortChooser } from '../servers/free-port.js';
import { logTail } from '../servers/server-log.js';
import { describeExit, ServerProcess } from '../servers/server-process.js';
import { choosePeer, findLocalPeers, type PeerUse } from './local-peers.js';
import { PeerClient } from './peer-client.js';

/** Where a peer listens for other machines. */
const ANY_HOST = '0.0.0.0';

/** What decides which peer a command works with. */
export interface PeerChoice {
  /** Absolute. */
  readonly dataDir: string;
  /** Name of a running peer. */
  readonly peer?: string;
  /** Flags for a peer that has to be started: `--tracker`, `--key-file` and the like. */
  readonly serverArgs: readonly string[];
  /** Those of them that the user gave, for a note when they have no effect. */
  readonly namedFlags: readonly string[];
  /** The user named the data port, so no other will do. */
  readonly isListenNamed: boolean;
  /** The user named the port of the REST interface. */
  readonly isApiNamed: boolean;
}

/** The peer a command talks to: one that runs anyway, or one that lives as long as the command. */
export interface PeerSession {
  readonly client: PeerClient;
  /** True when the peer ends with `close()`. */
  readonly isTemporary: boolean;
  /** Aborted, with a PeerUnreachableError, when a temporary peer ended by itself; never for a running one. */
  readonly lost: AbortSignal;
  close(): Promise<void>;
}

/**
 * Finds a running peer, or starts one as a child of this process.
 * @throws PeerUnreachableError when `choice.peer` names one that does not run; ServerStartError.
 */
export async function openPeerSession(
  installation: Installation,
  choice: PeerChoice,
  use: PeerUse,
  signal: AbortSignal,
): Promise<PeerSession> {
  const found = choosePeer(await findLocalPeers(choice.dataDir, signal), use, choice.peer);
  if (found !== undefined) {
    return {
      client: found.client,
      isTemporary: false,
      lost: new AbortController().signal,
      close: async () => undefined,
    };
  }
  return startPeer(installation, choice, signal);
}

/** On its usual ports, or on the next free ones when others have those. A port the user named is never changed. */
async function startPeer(installation: Installation, choice: PeerChoice, signal: AbortSignal): Promise<PeerSession> {
  let ports: readonly string[] = [];
  for (let retry = 0; ; retry += 1) {
    try {
      return await startPeerWith(ports, installation, choice, signal);
    } catch (error) {
      const isPortTaken = error instanceof ServerStartError && error.code === 'port_taken';
      if (!isPortTaken || (choice.isListenNamed && choice.isApiNamed) || retry === PORT_RETRIES_MAX) throw error;
    }
    // Free now; another process may still be quicker, hence the turns.
    ports = await freePorts(choice);
  }
}

async function freePorts({ isListenNamed, isApiNamed }: PeerChoice): Promise<readonly string[]> {
  const listen = isListenNamed ? [] : ['--listen', `${ANY_HOST}:${await new PortChooser(ANY_HOST).next(5550)}`];
  const api = isApiNamed ? [] : ['--api', `${LOOPBACK}:${await new PortChooser(LOOPBACK).next(5580)}`];
  return [...listen, ...api];
}

async function startPeerWith(
  ports: readonly string[],
  installation: Installation,
  choice: PeerChoice,
  signal: AbortSignal,
): Promise<PeerSession> {
  const logFile = path.join(choice.dataDir, 'logs', 'peer.log');
  const [server, ready] = await ServerProcess.start(
    {
      name: 'the peer',
      entry: installation.serverEntry('peer'),
      args: ['--data', choice.dataDir, ...choice.serverArgs, ...ports],
      logFile,
    },
    signal,
  );
  try {
    const token = (await readFile(path.join(choice.dataDir, 'api-token'), 'utf8')).trim();
    return {
      client: new PeerClient(ready.name, ready.url.replace(/\/$/, ''), token),
      isTemporary: true,
      lost: lossOf(server),
      close: async () => void (await server.stop()),
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

function lossOf(server: ServerProcess): AbortSignal {
  const loss = new AbortController();
  void server.exited.then(async (exit) => {
    if (server.isStopping) return;
    const tail = (await logTail(server.logFile)).map((line) => `\n  ${line}`).join('');
    loss.abort(
      new PeerUnreachableError(
        `The peer of this command ended by itself (${describeExit(exit)}).${tail}`,
        `Its log is ${server.logFile}.`,
      ),
    );
  });
  return loss.signal;
}
