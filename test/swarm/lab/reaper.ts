import { type ChildProcess, spawn } from 'node:child_process';

/** What a lab leaves when its process dies: names that were never made are no error. */
export interface Leftovers {
  readonly folder: string;
  readonly namespaces: readonly string[];
}

/** Waits for the end of its input, that is of its parent. Containers' shims have left every process tree: the folder names them. */
const SCRIPT = `
trap '' INT TERM HUP
cat >/dev/null
for name in $NAMESPACES; do ip netns pids "$name" 2>/dev/null | xargs -r kill -KILL 2>/dev/null; done
for round in 1 2 3 4 5; do
  pids=$(pgrep -f "$FOLDER/" | grep -vw $$) || break
  kill -KILL $pids 2>/dev/null
  sleep 0.5
done
grep -o " $FOLDER/[^ ]*" /proc/mounts | sort -r | xargs -r -n1 umount -l 2>/dev/null
for name in $NAMESPACES; do ip netns del "$name" 2>/dev/null; done
rm -rf -- "$FOLDER"
`;

/** Removes all of a lab when this process ends: at `finish`, or when it crashes or is killed. */
export class Reaper {
  readonly #child: ChildProcess;

  constructor({ folder, namespaces }: Leftovers) {
    const env = { ...process.env, FOLDER: folder, NAMESPACES: namespaces.join(' ') };
    // The folder is in the environment alone: as a word of the command it would be among those that are killed.
    this.#child = spawn('sh', ['-c', SCRIPT], { env, detached: true, stdio: ['pipe', 'ignore', 'inherit'] });
  }

  async finish(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.stdin?.end();
    await ended;
  }
}
