// A tracker as the command line sees it: IPC, an address, and an RPC port that takes the keys of peers.
import { createServer } from 'node:net';
import { ClusterKeyCredentials } from '../../../dist/libs/access/src/index.js';
import { SystemClock, SystemRandom, SystemTimers } from '../../../dist/libs/nest/src/index.js';
import { silentLogger } from '../../../dist/libs/runtime/src/index.js';
import { readClusterKeyFile } from '../../../dist/libs/storage-fs/src/index.js';
import { TcpRpcServer } from '../../../dist/libs/transport-tcp/src/index.js';
import { HybridClock, TRACKER_PATTERNS } from '../../../dist/libs/wire/src/index.js';
import { endWithParent, fail, listen, portOf, readFlags, ready } from './fake-process.mjs';

const flags = readFlags();
endWithParent();
const name = flags.one('--name') ?? 'tracker';
const rpc = new TcpRpcServer({
  listen: { host: '127.0.0.1', port: portOf(flags.one('--listen'), 0) },
  identity: { role: 'tracker', cluster: flags.one('--cluster'), principal: `tracker:${name}` },
  secret: new ClusterKeyCredentials(await readClusterKeyFile(flags.one('--key-file'))),
  ports: {
    clock: new SystemClock(),
    timers: new SystemTimers(),
    random: new SystemRandom(),
    hybridClock: new HybridClock(),
  },
  logger: silentLogger,
});
rpc.addHandler(TRACKER_PATTERNS.keyCreate, async () => ({ copies: 1 }));
await new Promise((resolve) => rpc.listen((error) => (error === undefined ? resolve() : fail(error))));
const webPort = await listen(createServer(), portOf(flags.one('--http'), 0));
ready({ name, rpc: `127.0.0.1:${rpc.port}`, url: `http://127.0.0.1:${webPort}` });
