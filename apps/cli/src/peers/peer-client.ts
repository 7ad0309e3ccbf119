import { ReportedError } from '@panal/runtime';
import type { CatalogView, DownloadRequest, PeerStatus, ShareRequest, TorrentView } from '@panal/wire';
import { PeerUnreachableError } from '../errors.js';
import { REPLY_BYTES_MAX, REPLY_TIMEOUT_MS } from '../limits.js';
import { readErrorReport } from '../servers/server-message.js';

/** The REST interface of one local peer. Every method throws `ReportedError` or `PeerUnreachableError`. */
export class PeerClient {
  constructor(
    readonly name: string,
    readonly url: string,
    private readonly token: string,
  ) {}

  status(signal?: AbortSignal): Promise<PeerStatus> {
    return this.#json<PeerStatus>('GET', '/peer', { signal });
  }

  torrents(signal?: AbortSignal): Promise<readonly TorrentView[]> {
    return this.#json<readonly TorrentView[]>('GET', '/torrents', { signal });
  }

  torrent(id: string, signal?: AbortSignal): Promise<TorrentView> {
    return this.#json<TorrentView>('GET', `/torrents/${encodeURIComponent(id)}`, { signal });
  }

  catalog(signal?: AbortSignal): Promise<CatalogView> {
    return this.#json<CatalogView>('GET', '/catalog', { signal });
  }

  share(request: ShareRequest, signal?: AbortSignal): Promise<TorrentView> {
    return this.#json<TorrentView>('POST', '/shares', { body: request, signal });
  }

  download(request: DownloadRequest, signal?: AbortSignal): Promise<TorrentView> {
    return this.#json<TorrentView>('POST', '/downloads', { body: request, signal });
  }

  async metainfo(id: string, signal?: AbortSignal): Promise<Buffer> {
    return this.#ask('GET', `/torrents/${encodeURIComponent(id)}/metainfo`, { signal });
  }

  recheck(id: string, signal?: AbortSignal): Promise<TorrentView> {
    return this.#json<TorrentView>('POST', `/torrents/${encodeURIComponent(id)}/recheck`, { signal });
  }

  async remove(id: string, signal?: AbortSignal): Promise<void> {
    await this.#ask('DELETE', `/torrents/${encodeURIComponent(id)}`, { signal });
  }

  async #json<T>(method: string, path: string, options: AskOptions): Promise<T> {
    const body = await this.#ask(method, path, options);
    try {
      return JSON.parse(body.toString('utf8')) as T;
    } catch (error) {
      throw new PeerUnreachableError(
        `What answers at ${this.url} is no Panal peer.`,
        'Look what listens there; a peer says its address when it starts.',
        error,
      );
    }
  }

  async #ask(method: string, path: string, { body, signal }: AskOptions): Promise<Buffer> {
    let response: Response;
    let bytes: Buffer;
    const timeout = AbortSignal.timeout(REPLY_TIMEOUT_MS);
    try {
      response = await fetch(`${this.url}/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${this.token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
      });
      bytes = await readBody(response);
    } catch (error) {
      signal?.throwIfAborted();
      const why = timeout.aborted ? `did not answer within ${REPLY_TIMEOUT_MS / 1000} s` : 'does not answer';
      throw new PeerUnreachableError(
        `Peer ${this.name} (${this.url}) ${why}.`,
        'See whether it still runs; its log says why it stopped.',
        error,
      );
    }
    if (!response.ok) throw reportedError(response.status, bytes);
    return bytes;
  }
}

interface AskOptions {
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** The whole body, unless it is larger than any peer sends. */
async function readBody(response: Response): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const part of response.body ?? []) {
    sizeBytes += part.length;
    if (sizeBytes > REPLY_BYTES_MAX) throw new Error(`a reply of more than ${REPLY_BYTES_MAX} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function reportedError(status: number, bytes: Buffer): ReportedError {
  try {
    const raw: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof raw === 'object' && raw !== null)
      return new ReportedError(readErrorReport(raw as Record<string, unknown>));
  } catch {
    // Not a report: an answer of something else, told below.
  }
  return new ReportedError({
    code: 'reply_unexpected',
    message: `The peer answered with HTTP status ${status}.`,
    action: 'Look at its log.',
    retryable: status >= 500,
  });
}
