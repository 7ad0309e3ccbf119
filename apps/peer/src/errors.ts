import { PanalError } from '@panal/runtime';

/** A request to the peer's API without its token, or with another one. */
export class ApiTokenError extends PanalError {
  constructor() {
    super({
      code: 'unauthorized',
      message: "The request does not carry this peer's token.",
      action:
        'Send "Authorization: Bearer <token>" with the token from the file api-token in the data folder of the peer.',
      retryable: false,
    });
  }
}

/** The peer knows nothing under this id. */
export class TorrentUnknownError extends PanalError {
  constructor(id: string) {
    super({
      code: 'torrent_unknown',
      message: `This peer has no share and no download "${id}".`,
      action: 'See "panal status" for what it has.',
      retryable: false,
    });
  }
}

/** The torrent of a share is not made, or of a download not found yet. */
export class MetainfoPendingError extends PanalError {
  constructor(id: string) {
    super({
      code: 'metainfo_pending',
      message: `The torrent file of "${id}" is not there yet.`,
      action: 'Try again when the share is hashed, or the download has found its torrent.',
      retryable: true,
    });
  }
}

/** What a request asks for cannot be done as it is written. */
export class RequestInvalidError extends PanalError {
  constructor(message: string, action: string) {
    super({ code: 'request_invalid', message, action, retryable: false });
  }
}

/** The same content is on its way to the same place already. */
export class DownloadExistsError extends PanalError {
  constructor(path: string, id: string) {
    super({
      code: 'download_exists',
      message: `This content is being downloaded to ${path} already.`,
      action: `Wait for it, or stop it with "panal stop ${id}".`,
      retryable: false,
    });
  }
}

/** What is still being hashed or fetched is checked as it comes. */
export class RecheckEarlyError extends PanalError {
  constructor(id: string) {
    super({
      code: 'recheck_early',
      message: `"${id}" is still under way, and all of it is checked as it comes.`,
      action: 'Wait until it is complete, then ask again.',
      retryable: true,
    });
  }
}

/** More torrents than one heartbeat can name. */
export class TooManyTorrentsError extends PanalError {
  constructor(countMax: number) {
    super({
      code: 'too_many_torrents',
      message: `This peer has ${countMax} torrents, and more are not possible.`,
      action: 'Stop some with "panal stop ID", share directories rather than single files, or start a second peer.',
      retryable: false,
    });
  }
}

/** Neither a tracker nor a peer has the torrent file (yet). */
export class MetadataMissingError extends PanalError {
  constructor(what: string) {
    super({
      code: 'metadata_missing',
      message: `No tracker and no peer has the torrent file of ${what} yet.`,
      action: 'Check the hash; if it is right, wait until somebody shares it, or give the torrent file itself.',
      retryable: true,
    });
  }
}
