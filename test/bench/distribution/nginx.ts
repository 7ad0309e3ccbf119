import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Arena, Contest, Contestant } from './contestant.js';
import type { Host } from './network.js';
import { Program, versionOf } from './program.js';

const PORT = 8080;
const START_MS_MAX = 10_000;

/** `sendfile` from the page cache in large steps, one worker per processor; nothing of the machine's nginx is used. */
const SERVER = ['worker_processes auto', 'sendfile on', 'sendfile_max_chunk 2m', 'tcp_nopush on', 'access_log off'];

/** The floor: what a file server, and the two programs everybody has, take for copying and hashing. */
export const nginx: Contestant = {
  name: 'nginx',
  version: versionOf('curl', '--version') === null ? null : versionOf('nginx', '-v'),
  settings: { server: SERVER, downloader: ['curl -s -S -f -o content URL, then sha256sum content'] },
  start,
};

async function start({ network, folder, source, targets }: Arena): Promise<Contest> {
  const { provider, downloaders } = network;
  const prefix = path.join(folder, 'nginx');
  await mkdir(prefix, { mode: 0o755 });
  await writeFile(path.join(prefix, 'nginx.conf'), configuration(provider.address, prefix, path.dirname(source)));
  const flags = ['-p', prefix, '-c', path.join(prefix, 'nginx.conf'), '-e', 'stderr'];
  const server = new Program(provider, ['nginx', ...flags]);
  await untilListening(server, provider.address);
  const running = new Set<Program>();
  const run = async (host: Host, words: readonly string[], cwd: string): Promise<void> => {
    const program = new Program(host, words, cwd);
    program.child.stdout?.resume();
    running.add(program);
    await program.succeeded();
    running.delete(program);
  };
  const url = `http://${provider.address}:${PORT}/content`;
  const fetchContent = async (host: Host, target: string): Promise<void> => {
    await run(host, ['curl', '-s', '-S', '-f', '-o', 'content', url], target);
    await run(host, ['sha256sum', 'content'], target);
  };
  const stop = async (): Promise<void> => {
    await Promise.all([...running].map((program) => program.end('SIGKILL')));
    await server.end();
  };
  return {
    pids: () => [server.pid, ...childrenOf(server.pid), ...[...running].map(({ pid }) => pid)],
    distribute: async (signal) => {
      signal.addEventListener('abort', () => void stop(), { once: true });
      await Promise.all(downloaders.map((host, index) => fetchContent(host, targets[index] as string)));
    },
    stop,
  };
}

/** In the foreground, with nothing outside `prefix`; as the user who runs the benchmark, who can read the content. */
function configuration(address: string, prefix: string, root: string): string {
  const [workers, ...http] = SERVER;
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${prefix}/${kind}`,
  );
  const user = process.getuid?.() === 0 ? 'user root;\n' : '';
  return `${user}${workers};
daemon off;
pid ${prefix}/nginx.pid;
error_log stderr;
events { worker_connections 256; }
http {
  ${[...http, ...temporary].join(';\n  ')};
  server { listen ${address}:${PORT}; root ${root}; }
}
`;
}

async function untilListening(server: Program, address: string): Promise<void> {
  const deadlineMs = performance.now() + START_MS_MAX;
  for (;;) {
    server.mustRun();
    const isOpen = await new Promise((resolve) => {
      const socket = connect(PORT, address);
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (isOpen) return;
    if (performance.now() > deadlineMs) throw new Error(`nginx does not answer on ${address}: ${server.complaints}`);
    await wait(20);
  }
}

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}
