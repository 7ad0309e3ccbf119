import type { Random } from '@panal/runtime';

/** What a power cut keeps of a page that was written and not synced. */
const PAGE_SIZE_BYTES = 4096;

interface FileNode {
  readonly kind: 'file';
  readonly inode: number;
  mode: number;
  /** As programs see it. */
  bytes: Buffer;
  /** As it is on the disk for certain. */
  synced: Buffer;
}

interface LinkNode {
  readonly kind: 'link';
  readonly inode: number;
  readonly mode: number;
  readonly text: string;
}

export interface FolderNode {
  readonly kind: 'folder';
  readonly inode: number;
  readonly mode: number;
  readonly names: Map<string, DiskNode>;
}

export type DiskNode = FileNode | LinkNode | FolderNode;

/** One step of the file system's journal: names set or taken away, all of them or none. */
interface NameChange {
  readonly sets: readonly { readonly folder: FolderNode; readonly name: string; readonly node: DiskNode | undefined }[];
  isSynced: boolean;
}

/** How a power cut goes: what was not synced is kept with this chance. */
export interface PowerCut {
  readonly random: Random;
  /** In parts of 1000, for each page. */
  readonly pagesKept: number;
  /** In parts of 1000, of the changes of names, from the oldest on: a file system writes them in their order. */
  readonly namesKept: number;
}

/**
 * A disk with a file system that promises what POSIX and a journal do, and nothing else. Bytes are safe when their file
 * was synced, page by page a matter of luck before. Names are safe when their folder was synced; of the others, those up
 * to some moment. A rename happens whole or not at all.
 */
export class SimulatedDisk {
  readonly root: FolderNode = { kind: 'folder', inode: 1, mode: 0o755, names: new Map() };
  readonly #changes: NameChange[] = [];
  #inodeCount = 1;

  /** @param bootId Another one after each power cut: locks of before are stale by it. */
  constructor(readonly bootId = 0) {}

  makeFile(mode: number): FileNode {
    this.#inodeCount += 1;
    return { kind: 'file', inode: this.#inodeCount, mode, bytes: Buffer.alloc(0), synced: Buffer.alloc(0) };
  }

  makeFolder(mode: number): FolderNode {
    this.#inodeCount += 1;
    return { kind: 'folder', inode: this.#inodeCount, mode, names: new Map() };
  }

  makeLink(text: string): LinkNode {
    this.#inodeCount += 1;
    return { kind: 'link', inode: this.#inodeCount, mode: 0o777, text };
  }

  /** Changes names, all at once. */
  change(sets: NameChange['sets']): void {
    this.#changes.push({ sets, isSynced: false });
    apply(sets);
  }

  syncFile(file: FileNode): void {
    file.synced = Buffer.from(file.bytes);
  }

  syncFolder(folder: FolderNode): void {
    for (const change of this.#changes) {
      if (change.sets.some((set) => set.folder === folder)) change.isSynced = true;
    }
  }

  /** The disk as the next start finds it, if the power goes now. This one goes on as if nothing had happened. */
  afterPowerCut({ random, pagesKept, namesKept }: PowerCut): SimulatedDisk {
    const after = new SimulatedDisk(this.bootId + 1);
    const copies = new Map<DiskNode, DiskNode>([[this.root, after.root]]);
    const copyOf = (node: DiskNode): DiskNode => {
      const known = copies.get(node);
      if (known !== undefined) return known;
      const copy = node.kind === 'file' ? damaged(node, random, pagesKept) : emptied(node);
      copies.set(node, copy);
      return copy;
    };
    let isKept = true;
    for (const { sets, isSynced } of this.#changes) {
      isKept &&= random.below(1000) < namesKept;
      if (!isKept && !isSynced) continue;
      const made = sets.map(({ folder, name, node }) => ({
        folder: copyOf(folder) as FolderNode,
        name,
        node: node === undefined ? undefined : copyOf(node),
      }));
      after.change(made);
    }
    after.#inodeCount = this.#inodeCount;
    for (const change of after.#changes) change.isSynced = true;
    return after;
  }
}

function apply(sets: NameChange['sets']): void {
  for (const { folder, name, node } of sets) {
    if (node === undefined) folder.names.delete(name);
    else folder.names.set(name, node);
  }
}

function emptied(node: LinkNode | FolderNode): DiskNode {
  return node.kind === 'link' ? node : { ...node, names: new Map() };
}

/** Size and pages are kept or lost each for itself; where the size is kept and a page is not, there are zeros. */
function damaged(file: FileNode, random: Random, pagesKept: number): FileNode {
  const sizeBytes = random.below(1000) < pagesKept ? file.bytes.length : file.synced.length;
  const bytes = Buffer.alloc(sizeBytes);
  file.synced.copy(bytes);
  for (let at = 0; at < sizeBytes; at += PAGE_SIZE_BYTES) {
    if (random.below(1000) < pagesKept) file.bytes.copy(bytes, at, at, Math.min(at + PAGE_SIZE_BYTES, sizeBytes));
  }
  return { ...file, bytes, synced: Buffer.from(bytes) };
}
