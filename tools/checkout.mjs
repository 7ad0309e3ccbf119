// What `prepare.mjs` does. No dependency may be imported here: this runs before there is any.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { withLock } from './prepare-lock.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const installStamp = path.join(root, 'node_modules', '.panal-lock');
const buildStamp = path.join(root, 'dist', '.panal-sources');
const sourceFolders = ['apps', 'libs'];
const buildFiles = [
  '.swcrc',
  'nest-cli.json',
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'tools/plugin-api-types.mjs',
];

/** Installs and builds what is out of date; quick when nothing is. Safe when two run at once. */
export async function prepare() {
  if (isInstalled() && isBuilt()) return;
  await withLock(path.join(root, '.prepare.lock'), () => {
    if (!isInstalled()) install();
    if (!isBuilt()) build();
  });
}

function isInstalled() {
  return stampSays(installStamp, lockDigest());
}

function isBuilt() {
  return stampSays(buildStamp, sourcesDigest());
}

function install() {
  console.log('panal: installing its packages (once, about half a minute) ...');
  const digest = lockDigest();
  // --include=dev: with NODE_ENV=production the compiler would be left out.
  npm('installing the packages', 'ci', '--include=dev', '--loglevel=error');
  writeFileSync(installStamp, digest);
}

function build() {
  console.log('panal: building ...');
  const digest = sourcesDigest();
  npm('building', 'run', '--silent', 'build');
  mkdirSync(path.dirname(buildStamp), { recursive: true });
  writeFileSync(buildStamp, digest);
}

/** The lock file, and what native packages are chosen by. */
function lockDigest() {
  return createHash('sha256')
    .update(readFileSync(path.join(root, 'package-lock.json')))
    .update(`${process.platform} ${process.arch} ${process.versions.modules}`)
    .digest('hex');
}

/** Contents, not times: a checkout that goes to another branch and back need not build again. */
function sourcesDigest() {
  const digest = createHash('sha256');
  for (const file of [...buildFiles, ...sourceFolders.flatMap((folder) => filesUnder(folder))]) {
    digest
      .update(`${file}\0`)
      .update(readFileSync(path.join(root, file)))
      .update('\0');
  }
  return digest.digest('hex');
}

function filesUnder(folder) {
  const files = [];
  const entries = readdirSync(path.join(root, folder), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const file = `${folder}/${entry.name}`;
    if (entry.isDirectory()) files.push(...filesUnder(file));
    else if (entry.isFile() && !entry.name.endsWith('.spec.ts')) files.push(file);
  }
  return files;
}

function stampSays(stamp, digest) {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === digest;
}

function npm(what, ...args) {
  const { error, status, signal } = spawnSync('npm', args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (error?.code === 'ENOENT')
    throw new Error('npm is not on the PATH. Install it (it comes with Node) and try again.');
  if (error) throw error;
  if (status !== 0) {
    throw new Error(
      `${what} failed: "npm ${args.join(' ')}" ended with ${signal ?? status}. Its own message is above.`,
    );
  }
}
