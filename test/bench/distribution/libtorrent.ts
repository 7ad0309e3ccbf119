import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Arena, Contest, Contestant } from './contestant.js';
import type { Host } from './network.js';
import { Program, versionOf } from './program.js';
import { writeTorrent } from './torrent-file.js';
import { TorrentTracker } from './torrent-tracker.js';

/** Debian's: the binding is built for it, and another one may come first on the path. */
const PYTHON = '/usr/bin/python3';
/** Python is not compiled: also the built benchmark runs the source. */
const SCRIPT = fileURLToPath(
  new URL(
    `${import.meta.url.includes('/dist/test/') ? '../../../../test/bench/distribution/' : ''}libtorrent-session.py`,
    import.meta.url,
  ),
);
const ANNOUNCE_MS_MAX = 30_000;

/** For a fast network of one's own: TCP only, no encryption, nobody choked, long queues, connections at once. */
const SETTINGS: Readonly<Record<string, string | number | boolean>> = {
  enable_dht: false,
  enable_lsd: false,
  enable_upnp: false,
  enable_natpmp: false,
  enable_outgoing_utp: false,
  enable_incoming_utp: false,
  in_enc_policy: 2,
  out_enc_policy: 2,
  allow_multiple_connections_per_ip: true,
  unchoke_slots_limit: -1,
  connection_speed: 500,
  torrent_connect_boost: 255,
  smooth_connects: false,
  min_reconnect_time: 1,
  min_announce_interval: 5,
  max_out_request_queue: 1500,
  max_allowed_in_request_queue: 3000,
  send_buffer_watermark: 3 * 1024 * 1024,
  send_buffer_watermark_factor: 150,
  send_buffer_low_watermark: 1024 * 1024,
  max_queued_disk_bytes: 16 * 1024 * 1024,
  listen_queue_size: 50,
};

export const libtorrent: Contestant = {
  name: 'libtorrent',
  version: versionOf(PYTHON, '-c', 'import libtorrent; print("libtorrent", libtorrent.__version__)'),
  settings: { everyone: Object.entries(SETTINGS).map(([name, value]) => `${name}=${value}`) },
  start,
};

async function start({ network, folder, source, targets }: Arena): Promise<Contest> {
  const tracker = await TorrentTracker.start(network.observerAddress);
  const torrent = path.join(folder, 'content.torrent');
  await writeTorrent(torrent, source, tracker.url);
  const sessions = [network.provider, ...network.downloaders].map((host) => new Session(host));
  const stop = async (): Promise<void> => {
    await Promise.all(sessions.map((session) => session.end()));
    await tracker.stop();
  };
  try {
    for (const session of sessions) await session.hears('ready');
    const [provider, ...downloaders] = sessions as [Session, ...Session[]];
    await provider.add(torrent, path.dirname(source));
    const deadlineMs = performance.now() + ANNOUNCE_MS_MAX;
    while (tracker.peerCount === 0 && performance.now() < deadlineMs) await wait(50);
    return {
      pids: () => sessions.map(({ program }) => program.pid),
      distribute: async (signal) => {
        const all = downloaders.map((session, index) => session.add(torrent, targets[index] as string));
        await Promise.race([Promise.all(all), rejectsOn(signal)]);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

class Session {
  readonly program: Program;
  readonly #lines: AsyncIterator<string>;

  constructor({ address, launcher }: Host) {
    const settings = {
      ...SETTINGS,
      listen_interfaces: `${address}:6881`,
      outgoing_interfaces: address,
      announce_ip: address,
    };
    this.program = new Program({ address, launcher }, [PYTHON, SCRIPT, JSON.stringify(settings)]);
    const output = createInterface({ input: this.program.child.stdout as NodeJS.ReadableStream });
    this.#lines = output[Symbol.asyncIterator]();
  }

  /** Settles when the torrent is complete: at once checked for the provider, downloaded for the others. */
  async add(torrent: string, folder: string): Promise<void> {
    this.program.child.stdin?.write(`${JSON.stringify({ torrent, folder })}\n`);
    await this.hears('complete');
  }

  async hears(word: string): Promise<void> {
    const { value, done } = await this.#lines.next();
    if (done === true) await this.program.succeeded();
    if (value !== word) throw new Error(`libtorrent said "${value}" where "${word}" was due`);
  }

  /** Its memory maps and queues are flushed when it ends by itself. */
  async end(): Promise<void> {
    this.program.child.stdin?.end();
    await Promise.race([this.program.ended, wait(10_000)]);
    await this.program.end('SIGKILL');
  }
}

function rejectsOn(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = (): void => reject(signal.reason as Error);
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
}
