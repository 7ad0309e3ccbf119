import { constants } from 'node:fs';
import { type DiskNode, type FolderNode, SimulatedDisk } from './simulated-disk.fixture.js';

type SimulatedFile = Extract<DiskNode, { kind: 'file' }>;

/**
 * The part of `node:fs/promises` that storage uses, on a simulated disk. Paths are absolute and free of links on the way.
 * Every call settles in a later turn, as a real one does, and tells `onCall` before it does anything.
 */
export class SimulatedFs {
  disk = new SimulatedDisk();
  onCall: () => void = () => undefined;

  /** For `jest.unstable_mockModule`. */
  readonly module = {
    constants,
    open: this.#call((path: string, flags?: number | string, mode?: number) => this.#open(path, flagsOf(flags), mode)),
    lstat: this.#call((path: string, options?: { bigint?: boolean }) => statsOf(this.#node(path), options)),
    stat: this.#call((path: string, options?: { bigint?: boolean }) => statsOf(this.#node(path), options)),
    mkdir: this.#call((path: string, { mode = 0o777 } = {}) => this.#add(path, this.disk.makeFolder(mode))),
    readdir: this.#call((path: string) => [...this.#folder(path).names.keys()]),
    readlink: this.#call((path: string) => {
      const node = this.#node(path);
      return node.kind === 'link' ? node.text : fail('EINVAL', path);
    }),
    symlink: this.#call((text: string, path: string) => this.#add(path, this.disk.makeLink(text))),
    link: this.#call((from: string, to: string) => this.#add(to, this.#node(from))),
    unlink: this.#call((path: string) => this.#remove(path)),
    rmdir: this.#call((path: string) => {
      if (this.#folder(path).names.size > 0) fail('ENOTEMPTY', path);
      this.#remove(path);
    }),
    rm: this.#call((path: string, { recursive = false, force = false } = {}) => {
      const node = this.#find(path);
      if (node === undefined) return force ? undefined : fail('ENOENT', path);
      if (node.kind === 'folder' && !recursive) fail('EISDIR', path);
      this.#removeTree(path, node);
    }),
    rename: this.#call((from: string, to: string) => {
      const [node, target] = [this.#node(from), this.#find(to)];
      if (node === target) return;
      if (target?.kind === 'folder' && target.names.size > 0) fail('ENOTEMPTY', to);
      const [source, place] = [this.#place(from), this.#place(to)];
      this.disk.change([
        { ...source, node: undefined },
        { ...place, node },
      ]);
    }),
    readFile: this.#call((path: string) => {
      if (path === '/proc/sys/kernel/random/boot_id') return `boot-${this.disk.bootId}`;
      if (path.startsWith('/proc/')) return `1 (node) S${' 7'.repeat(40)}`;
      return Buffer.from(this.#file(path).bytes);
    }),
  };

  /** The bytes at a path, as a program sees them now; undefined when no file is there. */
  peek(path: string): Buffer | undefined {
    const node = this.#find(path);
    return node?.kind === 'file' ? node.bytes : undefined;
  }

  #call<Args extends unknown[], R>(work: (...args: Args) => R): (...args: Args) => Promise<R> {
    return async (...args) => {
      await new Promise((resolve) => setImmediate(resolve));
      this.onCall();
      return work(...args);
    };
  }

  #open(path: string, flags: number, mode = 0o666): SimulatedHandle {
    const found = this.#find(path);
    const { disk } = this;
    if (found?.kind === 'link') fail('ELOOP', path);
    if (found !== undefined && flags & constants.O_EXCL) fail('EEXIST', path);
    if (found?.kind === 'folder') return new SimulatedHandle(found, disk, (work) => this.#call(work)());
    if (found === undefined && !(flags & constants.O_CREAT)) fail('ENOENT', path);
    const file = found ?? disk.makeFile(mode);
    if (found === undefined) this.#add(path, file);
    else if (flags & constants.O_TRUNC) file.bytes = Buffer.alloc(0);
    return new SimulatedHandle(file, disk, (work) => this.#call(work)());
  }

  #find(path: string): DiskNode | undefined {
    let node: DiskNode | undefined = this.disk.root;
    for (const name of path.split('/').filter((part) => part !== '')) {
      if (node?.kind !== 'folder') return undefined;
      node = node.names.get(name);
    }
    return node;
  }

  #node(path: string): DiskNode {
    return this.#find(path) ?? fail('ENOENT', path);
  }

  #file(path: string): SimulatedFile {
    const node = this.#node(path);
    return node.kind === 'file' ? node : fail('EISDIR', path);
  }

  #folder(path: string): FolderNode {
    const node = this.#node(path);
    return node.kind === 'folder' ? node : fail('ENOTDIR', path);
  }

  #place(path: string): { folder: FolderNode; name: string } {
    const cut = path.lastIndexOf('/');
    return { folder: this.#folder(path.slice(0, cut)), name: path.slice(cut + 1) };
  }

  #add(path: string, node: DiskNode): void {
    if (this.#find(path) !== undefined) fail('EEXIST', path);
    this.disk.change([{ ...this.#place(path), node }]);
  }

  #remove(path: string): void {
    this.#node(path);
    this.disk.change([{ ...this.#place(path), node: undefined }]);
  }

  #removeTree(path: string, node: DiskNode): void {
    if (node.kind === 'folder') for (const [name, child] of node.names) this.#removeTree(`${path}/${name}`, child);
    this.#remove(path);
  }
}

/** An open file or folder. */
class SimulatedHandle {
  constructor(
    private readonly node: DiskNode,
    private readonly disk: SimulatedDisk,
    private readonly call: <R>(work: () => R) => Promise<R>,
  ) {}

  read(into: Uint8Array, offset: number, lengthBytes: number, position: number): Promise<{ bytesRead: number }> {
    return this.call(() => {
      const { bytes } = this.#file;
      const count = Math.max(0, Math.min(lengthBytes, bytes.length - position));
      into.set(bytes.subarray(position, position + count), offset);
      return { bytesRead: count };
    });
  }

  /** What is to be written is taken in the turn of the call, as by a kernel that copies. */
  write(from: Uint8Array, offset: number, lengthBytes = from.length, position = 0): Promise<{ bytesWritten: number }> {
    return this.call(() => {
      const file = this.#file;
      const grown = Buffer.alloc(Math.max(file.bytes.length, position + lengthBytes));
      file.bytes.copy(grown);
      grown.set(from.subarray(offset, offset + lengthBytes), position);
      file.bytes = grown;
      return { bytesWritten: lengthBytes };
    });
  }

  async writeFile(bytes: Uint8Array | string): Promise<void> {
    await this.write(Buffer.from(bytes), 0);
  }

  readFile(): Promise<Buffer> {
    return this.call(() => Buffer.from(this.#file.bytes));
  }

  stat(options?: { bigint?: boolean }): Promise<object> {
    return this.call(() => statsOf(this.node, options));
  }

  truncate(sizeBytes: number): Promise<void> {
    return this.call(() => {
      const cut = Buffer.alloc(sizeBytes);
      this.#file.bytes.copy(cut);
      this.#file.bytes = cut;
    });
  }

  chmod(mode: number): Promise<void> {
    return this.call(() => void (this.#file.mode = mode));
  }

  datasync(): Promise<void> {
    return this.sync();
  }

  sync(): Promise<void> {
    return this.call(() => {
      if (this.node.kind === 'file') this.disk.syncFile(this.node);
      else if (this.node.kind === 'folder') this.disk.syncFolder(this.node);
    });
  }

  async close(): Promise<void> {
    await this.call(() => undefined);
  }

  get #file(): SimulatedFile {
    return this.node.kind === 'file' ? this.node : fail('EISDIR', 'an open folder');
  }
}

/** Enough of `Stats` and `BigIntStats`. */
function statsOf(node: DiskNode, { bigint = false } = {}): object {
  const sizeBytes = node.kind === 'file' ? node.bytes.length : 0;
  return {
    isFile: () => node.kind === 'file',
    isDirectory: () => node.kind === 'folder',
    isSymbolicLink: () => node.kind === 'link',
    size: bigint ? BigInt(sizeBytes) : sizeBytes,
    mode: bigint ? BigInt(node.mode) : node.mode,
    ino: bigint ? BigInt(node.inode) : node.inode,
    dev: bigint ? 1n : 1,
  };
}

function flagsOf(flags: number | string = constants.O_RDONLY): number {
  return flags === 'wx' ? constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL : Number(flags);
}

function fail(code: string, path: string): never {
  throw Object.assign(new Error(`${code}: simulated, '${path}'`), { code, path, syscall: 'simulated' });
}
