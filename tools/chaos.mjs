// npm run chaos -- [options]: kills trackers under load and looks whether anything was lost; see test/chaos/main.ts.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const run = (file, ...options) => spawnSync(process.execPath, [fileURLToPath(file), ...options], { stdio: 'inherit' });

const prepared = run(new URL('prepare.mjs', import.meta.url));
if (prepared.status !== 0) process.exit(prepared.status ?? 1);
process.exit(run(new URL('../dist/test/chaos/main.js', import.meta.url), ...process.argv.slice(2)).status ?? 1);
