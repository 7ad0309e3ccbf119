import { randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import { parseClusterKey } from '@panal/access';
import { SystemClock, SystemRandom, SystemTimers } from '@panal/nest';
import { parseAddress, silentLogger } from '@panal/runtime';
import { Bitfield, ChunkGeometry, type Metainfo } from '@panal/torrent';
import { type ContentDirectory, DataServer, type OfferedContent, TcpRpcClient } from '@panal/transport-tcp';
import { type HelloIdentity, HybridClock, TRACKER_PATTERNS, WHOLE_TORRENT } from '@panal/wire';

interface LyingPeerOptions {
  readonly name: string;
  readonly keyText: string;
  readonly tracker: string;
  readonly metainfo: Metainfo;
  /** The true content, one file; what is served differs from it in one bit of every block. */
  readonly file: string;
}

/** A member of the cluster that says it has everything and hands out damaged bytes. */
export class LyingPeer {
  static async start({ name, keyText, tracker, metainfo, file }: LyingPeerOptions): Promise<LyingPeer> {
    const identity: HelloIdentity = { role: 'peer', cluster: 'panal', principal: `peer:${name}` };
    const { secret } = parseClusterKey(keyText);
    const [clock, timers, random] = [new SystemClock(), new SystemTimers(), new SystemRandom()];
    const handle = await open(file);
    const geometry = new ChunkGeometry(metainfo);
    const content: OfferedContent = {
      geometry,
      // Of the torrent file as of every block: one bit is another.
      metadata: flipped(metainfo.bytes),
      have: Bitfield.full(geometry.chunkCount),
      read: async (offset, into) => {
        await handle.read(into, 0, into.length, offset);
        into[0] = (into[0] as number) ^ 1;
      },
      watch: () => () => undefined,
      onEnd: () => () => undefined,
      countSent: () => undefined,
      reportReadError: () => undefined,
    };
    const directory: ContentDirectory = { peerName: name, find: () => content, greet: () => undefined };
    const server = new DataServer({
      identity,
      secret,
      random,
      timers,
      clock: new SystemClock(),
      logger: silentLogger,
      directory,
    });
    const { host, port } = await server.listen({ host: '127.0.0.1', port: 0 });
    const ports = { clock, timers, random, hybridClock: new HybridClock() };
    const client = new TcpRpcClient({ address: parseAddress(tracker), identity, secret, ports });
    const addresses = [{ network: 'default', host, port }];
    await client.call(TRACKER_PATTERNS.announce, {
      namespace: 'default',
      hash: metainfo.contentId,
      index: WHOLE_TORRENT,
      peer: { id: randomBytes(16), name, incarnation: clock.nowMs(), addresses, dataPort: port },
      isComplete: true,
      chunksDone: geometry.chunkCount,
      sizeBytes: metainfo.sizeBytes,
      title: metainfo.name,
      peerCountMax: 0,
    });
    return new LyingPeer(async () => {
      await client.close();
      await server.close();
      await handle.close();
    });
  }

  private constructor(readonly stop: () => Promise<void>) {}
}

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy[copy.length >> 1] = (copy[copy.length >> 1] as number) ^ 1;
  return copy;
}
