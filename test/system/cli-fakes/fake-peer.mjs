// A peer as the command line sees it: REST and IPC. Content goes from one to another through a file beside their data
// folders. A download's name chooses its fate: nobody:v1 waits, broken:v1 fails, full:v1 pauses and goes on, slow:v1 takes
// two seconds.
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { endWithParent, fail, listen, portOf, readFlags, ready } from './fake-process.mjs';

const flags = readFlags();
const data = flags.one('--data');
const name = flags.one('--name') ?? 'fake';
const shelf = path.join(path.dirname(data), 'fake-shelf.json');
const torrents = new Map();
const HASH = 'ab'.repeat(32);

mkdirSync(data, { recursive: true });
if (name === 'refused') fail({ code: 'cluster_key_missing', message: 'There is no cluster key.', action: 'Make one.' });
endWithParent();
writeFileSync(path.join(data, 'api-token'), 'secret\n', { mode: 0o600 });

function view(extra) {
  const started = Date.now();
  return {
    id: randomUUID(),
    kind: 'download',
    hash: HASH,
    title: 'content',
    name: null,
    path: '',
    state: 'waiting',
    reason: null,
    sizeBytes: 1000,
    doneBytes: 0,
    fileCount: 1,
    chunkCount: 4,
    chunksDone: 0,
    chunkSizeBytes: 262144,
    downRate: 0,
    upRate: 0,
    downloadedBytes: 0,
    uploadedBytes: 0,
    wastedBytes: 0,
    etaMs: null,
    sources: [],
    magnet: `magnet:?xt=urn:btmh:1220${HASH}`,
    startedAtMs: started,
    finishedAtMs: null,
    elapsedMs: 0,
    ...extra,
  };
}

function share(body) {
  const title = path.basename(body.path);
  writeFileSync(shelf, JSON.stringify({ path: body.path, title }));
  const torrent = view({ kind: 'share', title, name: body.name ?? null, path: body.path, state: 'hashing' });
  setTimeout(() => Object.assign(torrent, { state: 'complete', doneBytes: 1000, chunksDone: 4 }), 100);
  return torrent;
}

function download(body) {
  const wanted = body.name ?? '';
  if (wanted === 'refused:v1') return undefined;
  const shared = existsSync(shelf) ? JSON.parse(readFileSync(shelf, 'utf8')) : { title: 'content' };
  const title = body.rename ?? shared.title;
  const torrent = view({ title, name: body.name ?? null, path: path.join(body.directory, title), request: body });
  const source = {
    name: 'p1',
    address: '127.0.0.1:5550',
    rate: 5e6,
    chunksDone: 4,
    isComplete: true,
    state: 'active',
    badChunks: 0,
  };
  const complete = async () => {
    if (shared.path !== undefined) await cp(shared.path, torrent.path, { recursive: true, verbatimSymlinks: true });
    Object.assign(torrent, { state: 'complete', doneBytes: 1000, downloadedBytes: 1000, elapsedMs: 50, etaMs: 0 });
  };
  const begin = () => {
    Object.assign(torrent, {
      state: 'downloading',
      doneBytes: 500,
      downRate: 5e6,
      etaMs: 1000,
      sources: [source],
      reason: null,
    });
    setTimeout(() => void complete(), wanted === 'slow:v1' ? 2000 : 100);
  };
  if (wanted === 'broken:v1') {
    const reason = {
      code: 'target_differs',
      message: 'Something else is there.',
      action: 'Give --force.',
      retryable: false,
    };
    Object.assign(torrent, { state: 'failed', reason });
  } else if (wanted === 'full:v1') {
    const reason = { code: 'disk_full', message: 'The disk is full.', action: 'Make room.', retryable: true };
    Object.assign(torrent, { state: 'paused', reason });
    setTimeout(begin, 600);
  } else if (wanted !== 'nobody:v1') setTimeout(begin, 50);
  return torrent;
}

function status() {
  const addresses = flags.all('--tracker').length === 0 ? ['127.0.0.1:5555'] : flags.all('--tracker');
  const trackers = addresses.map((address) => ({
    address,
    state: address.endsWith(':1') ? 'connecting' : 'connected',
  }));
  return {
    name,
    peerId: '00',
    cluster: flags.one('--cluster') ?? 'panal',
    version: '0',
    pid: process.pid,
    startedAtMs: 0,
    dataAddress: `127.0.0.1:${port}`,
    uptimeMs: 1000,
    rssBytes: 1e6,
    trackers,
    shareCount: 0,
    downloadCount: 0,
    downRate: 0,
    upRate: 0,
  };
}

function answer(method, url, body) {
  const id = /^\/api\/v1\/torrents\/([^/]+)(\/metainfo)?$/.exec(url);
  if (method === 'GET' && url === '/api/v1/peer') return [200, status()];
  if (method === 'GET' && url === '/api/v1/torrents') return [200, [...torrents.values()]];
  if (method === 'GET' && url === '/api/v1/catalog') {
    const listed = { title: 'content', sizeBytes: 1000, seedCount: 1, leechCount: 0, requestCount: 3 };
    return [
      200,
      {
        torrents: [...torrents.values()].map((torrent) => ({
          ...listed,
          hash: torrent.hash,
          names: ['\u001b[31mred:v1'],
        })),
      },
    ];
  }
  if (id !== null && torrents.has(id[1])) {
    if (method === 'DELETE') torrents.delete(id[1]);
    return method === 'DELETE' ? [204, ''] : [200, id[2] === undefined ? torrents.get(id[1]) : 'd4:infod4:name1:xee'];
  }
  if (method === 'POST') {
    const made = url === '/api/v1/shares' ? share(body) : download(body);
    if (made === undefined)
      return [
        409,
        { code: 'target_exists', message: 'It is there already.', action: 'Give --force.', retryable: false },
      ];
    torrents.set(made.id, made);
    return [202, made];
  }
  return [404, { code: 'torrent_unknown', message: 'No such torrent.', action: 'See the list.', retryable: false }];
}

const server = createServer((request, response) => void reply(request, response));

async function reply(request, response) {
  let text = '';
  for await (const part of request) text += part;
  const isAllowed = request.headers.authorization === 'Bearer secret';
  const [code, content] = isAllowed
    ? answer(request.method, request.url, text === '' ? undefined : JSON.parse(text))
    : [401, { code: 'unauthorized', message: 'No.', action: 'Give the token.', retryable: false }];
  response.writeHead(code, { 'content-type': 'application/json' });
  response.end(typeof content === 'string' ? content : JSON.stringify(content));
}

const port = await listen(createServer(), portOf(flags.one('--listen'), 5550));
const webPort = await listen(server, portOf(flags.one('--api'), Number(process.env.FAKE_API_PORT ?? 0)));
const url = `http://127.0.0.1:${webPort}`;
const dataAddress = `127.0.0.1:${port}`;
writeFileSync(path.join(data, 'peer.json'), JSON.stringify({ pid: process.pid, url, name, dataAddress }));
ready({ name, data: dataAddress, url });
