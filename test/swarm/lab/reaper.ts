import { type ChildProcess, spawn } from 'node:child_process';

/** What a lab leaves when its process dies: names that were never made are no error. */
export interface Leftovers {
  readonly folder: string;
  /** The control group of all containers. */
  readonly cgroup: string;
  readonly namespaces: readonly string[];
}

/**
 * Waits for the end of its input, that is of its parent. Processes of engines and containers have left every process tree; what
 * they have in common is the folder among their mounts.
 */
const SCRIPT = `
trap '' INT TERM HUP
cat >/dev/null
for round in 1 2 3 4 5 6 7 8 9 10; do
  pids=$(grep -ls "$FOLDER/" /proc/[0-9]*/mountinfo | cut -d/ -f3; for name in $NAMESPACES; do ip netns pids "$name" 2>/dev/null; done)
  [ -n "$pids" ] || break
  kill -KILL $pids 2>/dev/null
  sleep 0.5
done
for name in $NAMESPACES; do ip netns del "$name" 2>/dev/null; done
find /sys/fs/cgroup -depth -type d -path "*$CGROUP*" -exec rmdir {} \\; 2>/dev/null
rm -rf -- "$FOLDER"
`;

/** Removes all of a lab when this process ends: at `finish`, or when it crashes or is killed. */
export class Reaper {
  readonly #child: ChildProcess;

  constructor({ folder, cgroup, namespaces }: Leftovers) {
    const env = { ...process.env, FOLDER: folder, CGROUP: cgroup, NAMESPACES: namespaces.join(' ') };
    this.#child = spawn('sh', ['-c', SCRIPT], { env, detached: true, stdio: ['pipe', 'ignore', 'inherit'] });
  }

  async finish(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.stdin?.end();
    await ended;
  }
}
