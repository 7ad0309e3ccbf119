import { type FileHandle, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ManualClock } from '@panal/runtime';
import { DirectFiles } from './direct-files.js';
import { FileChunkStore } from './file-chunk-store.js';
import { DIRECT_REFUSALS_MAX, DIRECT_SIZE_BYTES_MIN, PAGE_SIZE_BYTES } from './limits.js';
import { makeFolder, randomBytes, removeFolders } from './sample-content.fixture.js';
import { shareContent } from './share-content.js';
import { WritePace } from './write-pace.js';

const CHUNK = 256 * 1024;

afterEach(removeFolders);

/** Types of Node leave it out. */
declare const WebAssembly: {
  readonly Memory: new (size: {
    initial: number;
    maximum: number;
    shared: true;
  }) => { readonly buffer: SharedArrayBuffer };
};

/** As block slots are: shared, and on a page border. */
function slotOf(bytes: Uint8Array): Buffer {
  const { buffer } = new WebAssembly.Memory({ initial: CHUNK / 65_536, maximum: CHUNK / 65_536, shared: true });
  const slot = Buffer.from(buffer, 0, bytes.length);
  slot.set(bytes);
  return slot;
}

/** A file system that answers as told. */
class FakeFiles {
  constructor(private readonly answer: (sizeBytes: number) => number) {}

  readonly open = async (): Promise<FileHandle> => {
    const move = async (_: Uint8Array, __: number, sizeBytes: number): Promise<object> => {
      const count = this.answer(sizeBytes);
      return { bytesWritten: count, bytesRead: count };
    };
    return { read: move, write: move, close: async () => undefined } as unknown as FileHandle;
  };
}

function refuse(code: string): never {
  throw Object.assign(new Error(code), { code, syscall: 'write' });
}

describe('DirectFiles', () => {
  const part = (bytes: Uint8Array, fileOffset = 0) => ({ fileIndex: 0, fileOffset, bytes });
  const directOf = (files: FakeFiles) => new DirectFiles(files.open, new WritePace(new ManualClock()));

  it('moves whole pages of shared memory and nothing else', async () => {
    const direct = directOf(new FakeFiles((sizeBytes) => sizeBytes));
    const slot = slotOf(randomBytes(CHUNK));
    for (const whole of [part(slot), part(slot, PAGE_SIZE_BYTES)]) {
      expect(direct.isFor(whole)).toBe(true);
      expect(await direct.write(whole)).toBe(true);
      expect(await direct.read(whole)).toBe(true);
    }
    for (const odd of [
      part(slot, 512),
      part(slot.subarray(0, CHUNK - 1)),
      part(slot.subarray(1, PAGE_SIZE_BYTES * 40 + 1)),
      part(slot.subarray(0, DIRECT_SIZE_BYTES_MIN - PAGE_SIZE_BYTES)),
      part(Buffer.alloc(CHUNK)),
    ]) {
      expect(direct.isFor(odd)).toBe(false);
    }
  });

  it('leaves to the caller what was moved only in part', async () => {
    const direct = directOf(new FakeFiles((sizeBytes) => sizeBytes - PAGE_SIZE_BYTES));
    const slot = slotOf(randomBytes(CHUNK));
    expect(await direct.write(part(slot))).toBe(false);
    expect(await direct.read(part(slot))).toBe(false);
  });

  it('gives up on a file system that refuses again and again', async () => {
    const direct = directOf(new FakeFiles(() => refuse('EINVAL')));
    const slot = slotOf(randomBytes(CHUNK));
    for (let at = 0; at < DIRECT_REFUSALS_MAX; at += 1) {
      expect(direct.isFor(part(slot))).toBe(true);
      expect(await direct.write(part(slot))).toBe(false);
    }
    expect(direct.isFor(part(slot))).toBe(false);
  });

  it('throws what a write through the cache would throw as well', async () => {
    const direct = directOf(new FakeFiles(() => refuse('ENOSPC')));
    await expect(direct.write(part(slotOf(randomBytes(CHUNK))))).rejects.toMatchObject({ code: 'ENOSPC' });
  });
});

describe('a store that is told the time', () => {
  it.each(['v1', 'v2'] as const)('holds the same bytes by either way, %s', async (format) => {
    const folder = await makeFolder();
    const source = join(folder, 'source');
    // The last chunk ends inside a page, and goes through the cache.
    const content = randomBytes(5 * CHUNK + 700);
    await writeFile(source, content);
    const { metainfo } = await shareContent({ path: source, format, chunkSizeBytes: CHUNK });
    const directory = join(folder, 'target');
    const { store, done } = await FileChunkStore.open({ metainfo, directory, clock: new ManualClock() });
    for (let chunk = 5; chunk >= 0; chunk -= 1) {
      const bytes = content.subarray(chunk * CHUNK, (chunk + 1) * CHUNK);
      // Every other one from memory of its own, which is written through the cache.
      await store.write(chunk * CHUNK, chunk % 2 === 0 ? slotOf(bytes) : bytes);
      done.add(chunk);
      await store.commit(done);
    }
    for (let chunk = 0; chunk < 6; chunk += 1) {
      const sizeBytes = Math.min(CHUNK, content.length - chunk * CHUNK);
      for (const into of [Buffer.alloc(sizeBytes), slotOf(Buffer.alloc(sizeBytes))]) {
        await store.read(chunk * CHUNK, into);
        expect(into.equals(content.subarray(chunk * CHUNK, chunk * CHUNK + sizeBytes))).toBe(true);
      }
    }
    await store.place();
    await store.finish();
    const again = slotOf(Buffer.alloc(CHUNK));
    await store.read(0, again);
    expect(again.equals(content.subarray(0, CHUNK))).toBe(true);
    await store.close();
    expect((await readFile(join(directory, 'source'))).equals(content)).toBe(true);
  });
});
