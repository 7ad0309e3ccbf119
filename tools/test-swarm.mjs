// npm run test:swarm: the suite on a real Docker Swarm, several engines on this machine. Needs root; says what is missing.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const programs = {
  dockerd: 'docker.io',
  ip: 'iproute2',
  iptables: 'iptables',
  tini: 'tini',
  busybox: 'busybox-static',
};
const missing = Object.entries(programs).flatMap(([program, debianPackage]) =>
  spawnSync('sh', ['-c', `command -v ${program}`]).status === 0 ? [] : [debianPackage],
);
if (process.getuid?.() !== 0 || missing.length > 0) {
  console.error(
    missing.length > 0
      ? `The Swarm suite needs these Debian packages: apt-get install ${missing.join(' ')}`
      : 'The Swarm suite needs root: it starts Docker engines in network namespaces of their own.',
  );
  process.exit(1);
}
const run = (file, ...options) =>
  spawnSync(process.execPath, [file, ...options], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PANAL_TEST_SWARM: '1' },
  }).status ?? 1;
const prepared = run('tools/prepare.mjs');
if (prepared !== 0) process.exit(prepared);
process.exit(
  run(
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
    // In one process: a worker would outlive this one for as long as its lab runs.
    '--runInBand',
    'test/swarm',
  ),
);
