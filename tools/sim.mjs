// npm run sim -- [--seeds N] [--seed S] [--trackers N] [--rounds N] [--mixed yes|no] [--operator yes|no]: runs seeds of the cluster
// model from its built file and prints what they showed as JSON. Half of the seeds have trackers of two versions of the protocol,
// half of each somebody who cordons trackers. A failure prints its seed, with which it happens again.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const path = (file) => fileURLToPath(new URL(file, import.meta.url));
const prepared = spawnSync(process.execPath, [path('prepare.mjs')], { stdio: ['inherit', 2, 2] });
if (prepared.status !== 0) process.exit(prepared.status ?? 1);
const program = path('../dist/test/sim/cluster/main.js');
process.exit(spawnSync(process.execPath, [program, ...process.argv.slice(2)], { stdio: 'inherit' }).status ?? 1);
