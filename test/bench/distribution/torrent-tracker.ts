import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BencodeDictionary, encodeBencode } from '@panal/torrent';

/** Short, so that a client that knew too few peers at its first announce soon knows more. */
const INTERVAL_SECONDS = 5;

/**
 * A private HTTP tracker for the rivals, as small as it can be: a torrent's peers, to each the others. It runs in the
 * benchmark's own process and is not counted for anybody (a rival asks it a handful of times).
 * @see https://www.bittorrent.org/beps/bep_0023.html
 */
export class TorrentTracker {
  /** Peers of each infohash, as compact addresses (6 bytes, latin1). */
  readonly #torrents = new Map<string, Set<string>>();
  readonly #server: Server;

  private constructor(private readonly host: string) {
    this.#server = createServer((request, response) => response.end(this.#announce(request)));
  }

  static async start(host: string): Promise<TorrentTracker> {
    const tracker = new TorrentTracker(host);
    await new Promise<void>((resolve) => tracker.#server.listen(0, host, resolve));
    return tracker;
  }

  get url(): string {
    return `http://${this.host}:${(this.#server.address() as AddressInfo).port}/announce`;
  }

  /** Peers of whatever torrent is there: one torrent in a run. */
  get peerCount(): number {
    return [...this.#torrents.values()].reduce((sum, peers) => sum + peers.size, 0);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #announce(request: IncomingMessage): Buffer {
    const query = parseQuery(request.url ?? '');
    const peers = this.#torrents.get(query.get('info_hash') ?? '') ?? new Set();
    this.#torrents.set(query.get('info_hash') ?? '', peers);
    const address = query.get('ip') ?? (request.socket.remoteAddress as string);
    const peer = compact(address, Number(query.get('port')));
    if (query.get('event') === 'stopped') peers.delete(peer);
    else peers.add(peer);
    const others = [...peers].filter((other) => other !== peer).join('');
    const answer: [string, number | Buffer][] = [
      ['interval', INTERVAL_SECONDS],
      ['min interval', INTERVAL_SECONDS],
      ['peers', Buffer.from(others, 'latin1')],
    ];
    return encodeBencode(BencodeDictionary.of(answer));
  }
}

/** Infohashes are bytes, not UTF-8; `URLSearchParams` would spoil them. */
function parseQuery(url: string): Map<string, string> {
  const pairs = url.slice(url.indexOf('?') + 1).split('&');
  const decode = (text: string): string =>
    text.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return new Map(pairs.map((pair) => [pair.split('=', 1)[0] as string, decode(pair.slice(pair.indexOf('=') + 1))]));
}

function compact(address: string, port: number): string {
  return Buffer.from([...address.split('.').map(Number), port >> 8, port & 0xff]).toString('latin1');
}
