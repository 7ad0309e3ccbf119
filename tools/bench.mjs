// npm run bench -- NAME [options]: runs a benchmark of test/bench from its built file, with the caller's folder kept.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = new URL('../dist/test/bench/', import.meta.url);
const [name = '', ...options] = process.argv.slice(2);

const prepared = spawnSync(process.execPath, [fileURLToPath(new URL('prepare.mjs', import.meta.url))], {
  stdio: 'inherit',
});
if (prepared.status !== 0) process.exit(prepared.status ?? 1);
const program = new URL(`${name}.js`, folder);
if (name === '' || !existsSync(program)) {
  const names = readdirSync(folder).filter((file) => file.endsWith('.js'));
  console.error(`There is no benchmark "${name}". There are: ${names.map((file) => file.slice(0, -3)).join(', ')}.`);
  process.exit(2);
}
process.exit(spawnSync(process.execPath, [fileURLToPath(program), ...options], { stdio: 'inherit' }).status ?? 1);
