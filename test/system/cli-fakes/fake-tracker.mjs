import { createServer } from 'node:net';
import { endWithParent, listen, portOf, readFlags, ready } from './fake-process.mjs';

const flags = readFlags();
endWithParent();
const port = await listen(createServer(), portOf(flags.one('--listen'), 0));
const webPort = await listen(createServer(), portOf(flags.one('--http'), 0));
ready({ name: flags.one('--name') ?? 'tracker', rpc: `127.0.0.1:${port}`, url: `http://127.0.0.1:${webPort}` });
