import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { Lab } from './lab/lab.js';

/*
 * node dist/test/swarm/hold-lab.js [--engines N] [--managers N]
 *
 * A lab to try things on: prints, as one line of JSON, where its engines are, and takes all of it away again at SIGTERM, SIGINT,
 * or the end of its input.
 */

const { values } = parseArgs({
  options: { engines: { type: 'string', default: '3' }, managers: { type: 'string', default: '3' } },
});
const lab = await Lab.start({ engines: Number(values.engines), managers: Number(values.managers) });
const engines = lab.engines.map(({ host, socketUrl, folder }) => ({ ...host, socketUrl, folder }));
process.stdout.write(`${JSON.stringify({ engines, namespaces: lab.network.namespaces })}\n`);
process.stdin.resume();
await Promise.race([once(process.stdin, 'end'), once(process, 'SIGTERM'), once(process, 'SIGINT')]);
await lab.stop();
process.stdin.destroy();
