import { fork } from 'node:child_process';
import { once } from 'node:events';
import { access, readdir, readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { jest } from '@jest/globals';
import { command } from './command.js';

// One engine, and what it leaves.
jest.setTimeout(120_000);

const GONE_MAX_MS = 30_000;
const POLL_MS = 200;

/** What hold-lab.js prints. */
interface HeldLab {
  readonly engines: readonly { readonly socketUrl: string; readonly folder: string }[];
  readonly namespaces: readonly string[];
}

describe('a lab', () => {
  it('leaves nothing when its process is killed', async () => {
    const main = fileURLToPath(new URL('../../../dist/test/swarm/hold-lab.js', import.meta.url));
    const child = fork(main, ['--engines', '1', '--managers', '1'], { stdio: ['pipe', 'pipe', 'inherit', 'ipc'] });
    const [line] = (await once(createInterface(child.stdout as Readable), 'line')) as [string];
    const { engines, namespaces } = JSON.parse(line) as HeldLab;
    const [{ socketUrl, folder }] = engines as [HeldLab['engines'][0]];
    await command(['sh', '-c', `tar c -C / bin/busybox | docker -H ${socketUrl} import - small`]);
    await command(['docker', '-H', socketUrl, 'run', '--detach', 'small', '/bin/busybox', 'sleep', '1000']);
    expect(await leftOf(folder, namespaces)).not.toEqual([]);
    child.kill('SIGKILL');
    const deadline = performance.now() + GONE_MAX_MS;
    while ((await leftOf(folder, namespaces)).length > 0 && performance.now() < deadline) await wait(POLL_MS);
    expect(await leftOf(folder, namespaces)).toEqual([]);
  });
});

/** Processes, network namespaces, control groups and files of a lab. */
async function leftOf(folder: string, namespaces: readonly string[]): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const processes = await Promise.all(
    pids.map(async (pid) => {
      const mounts = await readFile(`/proc/${pid}/mountinfo`, 'utf8').catch(() => '');
      return mounts.includes(`${folder}/`) ? [`process ${pid}`] : [];
    }),
  );
  const known = await command(['ip', 'netns', 'list']);
  const lab = namespaces[0]?.replace(/-sw$/, '') ?? '';
  const groups = await command(['find', '/sys/fs/cgroup', '-name', `panal-lab-${lab}`]);
  const hasFiles = await access(folder).then(
    () => true,
    () => false,
  );
  return [
    ...processes.flat(),
    ...namespaces.filter((name) => known.includes(name)),
    ...groups.split('\n').filter(Boolean),
    ...(hasFiles ? [folder] : []),
  ];
}
