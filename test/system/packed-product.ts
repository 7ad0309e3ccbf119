import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, whatever that is. Panal's own variables of who runs the tests stay outside. */
function run(
  file: string,
  args: readonly string[],
  { cwd, env = {} }: { cwd: string; env?: NodeJS.ProcessEnv },
): Promise<Ended> {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PANAL_')));
  return new Promise((resolve) => {
    execFile(file, [...args], { cwd, env: { ...clean, ...env }, timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, stdout, stderr });
    });
  });
}

/**
 * The package as it would be published, unpacked where it would be installed, with its dependencies beside it as links to those
 * of this checkout: what an author of plugins and an administrator have, without a registry.
 */
export class PackedProduct {
  private constructor(
    private readonly folder: string,
    /** The unpacked package. */
    readonly root: string,
  ) {}

  static async make(folder: string): Promise<PackedProduct> {
    const packed = await run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], {
      cwd: ROOT,
    });
    const tarball = packed.stdout.trim().split('\n').at(-1) ?? '';
    const target = path.join(folder, 'host/node_modules/panal');
    await mkdir(target, { recursive: true });
    const unpacked = await run('tar', ['-xzf', path.join(folder, tarball), '-C', target, '--strip-components=1'], {
      cwd: folder,
    });
    if (packed.code + unpacked.code !== 0) throw new Error(`cannot pack: ${packed.stderr}${unpacked.stderr}`);
    await linkPackages(path.join(folder, 'host/node_modules'), ['typescript']);
    return new PackedProduct(folder, target);
  }

  /** A package of somebody who writes a plugin, with Panal and what an author needs installed. */
  async author(source: string): Promise<string> {
    const folder = path.join(this.folder, 'authors', path.basename(source));
    await cp(source, folder, { recursive: true, filter: (file) => !/[\\/](dist|node_modules)$/.test(file) });
    const modules = path.join(folder, 'node_modules');
    await mkdir(modules);
    await linkPackages(modules, ['typescript7']);
    await symlink(path.join(ROOT, 'node_modules/typescript7'), path.join(modules, 'typescript'));
    await symlink(this.root, path.join(modules, 'panal'));
    return folder;
  }

  /** What is typed `tsc` in a package of an author. */
  tsc(folder: string): Promise<Ended> {
    return run(process.execPath, ['node_modules/typescript/bin/tsc'], { cwd: folder });
  }

  /** The command line of the product. */
  panal(args: readonly string[], env: NodeJS.ProcessEnv = {}, cwd = this.folder): Promise<Ended> {
    return run(process.execPath, [path.join(this.root, 'bin/panal.cjs'), ...args], { cwd, env });
  }

  /** Packs a package and installs it into a folder of plugins, as docs/plugins.md says. */
  async install(folder: string, plugins: string): Promise<void> {
    await mkdir(plugins, { recursive: true });
    const packed = await run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', plugins], {
      cwd: folder,
    });
    const tarball = path.join(plugins, packed.stdout.trim().split('\n').at(-1) ?? '');
    const flags = ['--legacy-peer-deps', '--offline', '--no-audit', '--no-fund'];
    const installed = await run('npm', ['install', '--prefix', plugins, ...flags, tarball], { cwd: plugins });
    if (packed.code + installed.code !== 0) throw new Error(`cannot install: ${packed.stderr}${installed.stderr}`);
  }
}

async function linkPackages(target: string, without: readonly string[]): Promise<void> {
  const source = path.join(ROOT, 'node_modules');
  const names = (await readdir(source)).filter(
    (name) => !name.startsWith('.') && !without.includes(name) && name !== 'typescript',
  );
  await Promise.all(names.map((name) => symlink(path.join(source, name), path.join(target, name))));
}
