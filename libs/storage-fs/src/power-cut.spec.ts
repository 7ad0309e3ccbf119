import { jest } from '@jest/globals';
import { ManualClock, SeededRandom } from '@panal/runtime';
import { Bitfield, ChunkGeometry, createTorrent, FileHasher, type HashedFile, type Metainfo } from '@panal/torrent';
import type { PowerCut, SimulatedDisk } from './simulated-disk.fixture.js';
import { SimulatedFs } from './simulated-fs.fixture.js';

const fs = new SimulatedFs();
jest.unstable_mockModule('node:fs/promises', () => fs.module);
const { FileChunkStore } = await import('./file-chunk-store.js');

const CHUNK = 16_384;
/** Long enough to be written past the page cache. */
const LARGE_CHUNK = 131_072;
const DIRECTORY = '/got';
const firstSeed = Date.now() % 1_000_000;
const seeds = Array.from({ length: 60 }, (_, index) => firstSeed + index);

/** What is downloaded: all of it in memory, for the real disk is out of reach here. */
interface Content {
  readonly metainfo: Metainfo;
  readonly geometry: ChunkGeometry;
  readonly bytes: Buffer;
}

function contentOf(random: SeededRandom): Content {
  const isDirectory = random.below(3) > 0;
  if (random.below(4) === 0) return contentOfSizes(random, [6 * LARGE_CHUNK + 700], LARGE_CHUNK);
  return contentOfSizes(random, isDirectory ? [40_000, 0, 3, 100_000, CHUNK, 700, 5_000] : [150_000], CHUNK);
}

function contentOfSizes(random: SeededRandom, sizes: readonly number[], chunkSizeBytes: number): Content {
  const isDirectory = sizes.length > 1;
  const parts = sizes.map((sizeBytes) => random.bytes(sizeBytes));
  const files = parts.map((bytes, index): HashedFile => {
    const hasher = new FileHasher({ sizeBytes: bytes.length, chunkSizeBytes });
    hasher.push(bytes);
    const path = isDirectory ? [`d${index % 2}`, `f${index}`] : ['one'];
    return { path, sizeBytes: bytes.length, isExecutable: index === 3, ...hasher.finish() };
  });
  const name = isDirectory ? 'tree' : 'one';
  const metainfo = createTorrent({ name, isDirectory, chunkSizeBytes, format: 'v2', files });
  const inOrder = metainfo.files.map(({ path }) => {
    return parts[files.findIndex((file) => file.path.join('/') === path.join('/'))] as Buffer;
  });
  return { metainfo, geometry: new ChunkGeometry(metainfo), bytes: Buffer.concat(inOrder) };
}

/** A disk as a power cut left it, and what must be on it. */
interface Wreck {
  readonly disk: SimulatedDisk;
  /** Chunks of the last commit that had been confirmed. */
  readonly promised: Bitfield;
  readonly wasFinished: boolean;
}

/** Downloads what is missing, with power cuts at random calls of the file system. */
class Download {
  readonly wrecks: Wreck[] = [];
  #promised: Bitfield;
  #isPlacing = false;
  #isFinished = false;

  constructor(
    private readonly content: Content,
    private readonly random: SeededRandom,
    promised = new Bitfield(content.geometry.chunkCount),
  ) {
    this.#promised = promised;
  }

  /** @param cutChance In parts of 1000, for each call. */
  async run(cutChance: number): Promise<void> {
    const { metainfo, geometry } = this.content;
    fs.onCall = () => {
      if (this.random.below(1000) < cutChance) this.#cutPower();
    };
    const { store, done } = await FileChunkStore.open({ metainfo, directory: DIRECTORY, clock: new ManualClock() });
    const commits: Promise<void>[] = [];
    for (const chunk of this.#shuffled([...Array(geometry.chunkCount).keys()].filter((at) => !done.has(at)))) {
      await store.write(geometry.chunkStart(chunk), slotOf(chunkOf(this.content, chunk)));
      done.add(chunk);
      if (this.random.below(4) === 0) commits.push(this.#commit(store, done.clone()));
      if (this.random.below(3) === 0) await Promise.all(commits);
    }
    this.#isPlacing = true;
    await store.place();
    await store.finish();
    this.#isFinished = true;
    this.#cutPower();
    await Promise.all(commits);
    await store.close();
    fs.onCall = () => undefined;
  }

  async #commit(store: { commit(done: Bitfield): Promise<void> }, done: Bitfield): Promise<void> {
    await store.commit(done);
    // A later commit may have been confirmed before, and one that the move overtakes promises nothing: `finish` does.
    if (!this.#isPlacing && done.count > this.#promised.count) this.#promised = done;
  }

  #cutPower(): void {
    const luck = [0, 500, 1000];
    const cut: PowerCut = {
      random: this.random,
      pagesKept: luck[this.random.below(3)] as number,
      namesKept: [0, 900, 1000][this.random.below(3)] as number,
    };
    this.wrecks.push({
      disk: fs.disk.afterPowerCut(cut),
      promised: this.#promised,
      wasFinished: this.#isFinished,
    });
  }

  #shuffled<T>(items: T[]): T[] {
    for (let at = items.length - 1; at > 0; at -= 1) {
      const other = this.random.below(at + 1);
      [items[at], items[other]] = [items[other] as T, items[at] as T];
    }
    return items;
  }
}

function chunkOf({ geometry, bytes }: Content, chunk: number): Buffer {
  const start = geometry.chunkStart(chunk);
  return bytes.subarray(start, start + geometry.chunkSize(chunk));
}

/** As a block arrives: in shared memory. */
function slotOf(bytes: Uint8Array): Uint8Array {
  const slot = new Uint8Array(new SharedArrayBuffer(bytes.length));
  slot.set(bytes);
  return slot;
}

function isWhole({ metainfo, geometry, bytes }: Content): boolean {
  return metainfo.files.every((file, index) => {
    const place = metainfo.isDirectory ? `${DIRECTORY}/${metainfo.name}/${file.path.join('/')}` : `${DIRECTORY}/one`;
    const start = geometry.fileStart(index);
    return fs.peek(place)?.equals(bytes.subarray(start, start + file.sizeBytes)) === true;
  });
}

/** @returns The promised chunks that are gone, and the named ones that are not what they should be. */
async function inspect(content: Content, { disk, promised }: Wreck): Promise<{ gone: number[]; wrong: number[] }> {
  fs.disk = disk;
  const { metainfo, geometry } = content;
  const { store, done } = await FileChunkStore.open({ metainfo, directory: DIRECTORY });
  const wrong: number[] = [];
  for (const chunk of done) {
    const found = Buffer.alloc(geometry.chunkSize(chunk));
    await store.read(geometry.chunkStart(chunk), found);
    if (!found.equals(chunkOf(content, chunk))) wrong.push(chunk);
  }
  await store.close();
  return { gone: [...promised].filter((chunk) => !done.has(chunk)), wrong };
}

describe('after a power cut at any moment', () => {
  it.each(seeds)('the journal names only what is there, and all that was promised (seed %d)', async (seed) => {
    const random = new SeededRandom(seed);
    const content = contentOf(random);
    fs.disk = new SimulatedFs().disk;
    const download = new Download(content, random);
    await download.run(30);
    for (const wreck of download.wrecks) {
      fs.disk = wreck.disk;
      // Whoever finds it whole at its place is done: so does a peer, which looks there first.
      if (isWhole(content)) continue;
      expect(wreck.wasFinished).toBe(false);
      expect(await inspect(content, wreck)).toEqual({ gone: [], wrong: [] });
      // And it goes on from there, through another power cut, to the same content.
      const again = new Download(content, random);
      await again.run(5);
      expect(isWhole(content)).toBe(true);
    }
  });
});
