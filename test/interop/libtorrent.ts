import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { InfoHashes, OracleCase } from './oracle-case.js';

interface LoadedTorrent extends InfoHashes {
  /** Why libtorrent refused it. */
  readonly error?: string;
  /** Paths begin with the torrent's name; padding is left out; `link` is where a link points, from there too. */
  readonly files?: readonly { readonly path: string; readonly sizeBytes: number; readonly link: string }[];
}

type MadeTorrents = Readonly<Record<'v1' | 'v2' | 'hybrid', InfoHashes & { readonly torrent: string }>>;

export interface OracleAnswers {
  readonly create: readonly MadeTorrents[];
  readonly load: readonly LoadedTorrent[];
}

/** A Python that has libtorrent 2; undefined where there is none. Debian's own comes first: others lack its packages. */
export function findPython(): string | undefined {
  const probe = 'import libtorrent as lt; assert int(lt.__version__.split(".")[0]) == 2';
  return ['/usr/bin/python3', 'python3'].find((python) => spawnSync(python, ['-c', probe]).status === 0);
}

/** Asks once for everything: starting Python takes longer than all answers. */
export function askLibtorrent(
  python: string,
  { create, load }: { readonly create: readonly OracleCase[]; readonly load: readonly Buffer[] },
): OracleAnswers {
  const script = fileURLToPath(new URL('libtorrent-oracle.py', import.meta.url));
  const input = JSON.stringify({ create, load: load.map((torrent) => torrent.toString('base64')) });
  const answer = spawnSync(python, [script], { input, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (answer.status !== 0) throw new Error(`the libtorrent oracle failed: ${answer.stderr}`);
  return JSON.parse(answer.stdout);
}
