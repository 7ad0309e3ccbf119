import { type ChildProcess, spawn } from 'node:child_process';

/** What is removed at the end; names that were never made are no error. */
export interface Leftovers {
  readonly folder: string;
  readonly namespaces: readonly string[];
  readonly links: readonly string[];
}

/**
 * Words before a command that make the kernel end it when this process ends, however it ends. By SIGTERM: nginx would
 * leave its workers behind after SIGKILL.
 */
export const DIES_WITH_US: readonly string[] = ['setpriv', '--pdeathsig', 'TERM'];

/** Waits for the end of its input, that is of its parent. Twice `rm`: a writer may still be on its way out. */
const SCRIPT = `
trap '' INT TERM HUP
cat >/dev/null
for name in $NAMESPACES; do ip netns pids "$name" 2>/dev/null | xargs -r kill -KILL 2>/dev/null; done
for name in $LINKS; do ip link del "$name" 2>/dev/null; done
for name in $NAMESPACES; do ip netns del "$name" 2>/dev/null; done
rm -rf -- "$FOLDER" 2>/dev/null || { sleep 2; rm -rf -- "$FOLDER"; }
`;

/**
 * Removes namespaces, links and the folder when this process ends: at `finish`, or when it crashes or is killed, because
 * it is a process of its own, in a session of its own, that waits for the other end of a pipe to close.
 */
export class Reaper {
  readonly #child: ChildProcess;

  constructor({ folder, namespaces, links }: Leftovers) {
    const env = { ...process.env, FOLDER: folder, NAMESPACES: namespaces.join(' '), LINKS: links.join(' ') };
    this.#child = spawn('sh', ['-c', SCRIPT], { env, detached: true, stdio: ['pipe', 'ignore', 'inherit'] });
  }

  /** Removes everything now. */
  async finish(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.stdin?.end();
    await ended;
  }
}
