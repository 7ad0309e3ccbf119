import { createHash } from 'node:crypto';
import { Bitfield } from '@panal/torrent';
import type { ChunkLayout } from './chunk-layout.js';
import type { ChunkStore } from './chunk-store.js';

/** One place in which a store keeps one torrent, over several openings. */
export interface ChunkStoreHarness {
  /** At least three chunks; the first two should lie in different files where there are files. */
  readonly layout: ChunkLayout;
  /** Opens the store, and says which chunks it has: those that the last commit before named, or more that are whole. */
  open(): Promise<{ readonly store: ChunkStore; readonly done: Bitfield }>;
  /** What stands in the target's place after `finish`, all files end to end, read by other means than the store. */
  finishedContent(): Promise<Uint8Array>;
  /** Removes everything. */
  destroy(): Promise<void>;
}

/** Content whose every byte depends on where it is. */
function contentAt(contentOffset: number, lengthBytes: number): Buffer {
  const bytes = Buffer.allocUnsafe(lengthBytes);
  for (let at = 0; at < lengthBytes; at += 1) {
    const position = contentOffset + at;
    bytes[at] = (position * 31 + (position >>> 8) * 17 + (position >>> 16)) & 0xff;
  }
  return bytes;
}

async function contentOf(store: ChunkStore, contentOffset: number, lengthBytes: number): Promise<string> {
  const into = Buffer.alloc(lengthBytes);
  await store.read(contentOffset, into);
  return digest(into);
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function writeChunk(store: ChunkStore, layout: ChunkLayout, chunk: number): Promise<void> {
  const [start, size] = [layout.chunkStart(chunk), layout.chunkSize(chunk)];
  const writes: Promise<void>[] = [];
  for (let begin = 0; begin < size; begin += layout.blockSizeBytes) {
    const lengthBytes = Math.min(layout.blockSizeBytes, size - begin);
    writes.push(store.write(start + begin, contentAt(start + begin, lengthBytes)));
  }
  await Promise.all(writes);
}

/** What every `ChunkStore` must do. Called at the top of a spec; uses the test runner's globals. */
export function chunkStoreSuite(name: string, create: () => Promise<ChunkStoreHarness>): void {
  describe(`${name}, as a chunk store`, () => {
    let harness: ChunkStoreHarness;
    let layout: ChunkLayout;
    const opened: ChunkStore[] = [];
    const open = async (): Promise<{ store: ChunkStore; done: Bitfield }> => {
      const { store, done } = await harness.open();
      opened.push(store);
      return { store, done };
    };

    beforeEach(async () => {
      harness = await create();
      layout = harness.layout;
    });

    afterEach(async () => {
      for (const store of opened.splice(0)) await store.close();
      await harness.destroy();
    });

    it('begins with nothing done', async () => {
      const { done } = await open();
      expect([done.size, done.count]).toEqual([layout.chunkCount, 0]);
    });

    it('reads back what was written, at any offset and across chunks', async () => {
      const { store } = await open();
      for (let chunk = layout.chunkCount - 1; chunk >= 0; chunk -= 1) await writeChunk(store, layout, chunk);
      const whole = layout.contentSizeBytes;
      const border = layout.chunkStart(1);
      for (const [start, end] of [
        [0, whole],
        [border - 1, border + 1],
        [1, whole - 1],
        [whole - 1, whole],
      ] as const) {
        expect(await contentOf(store, start, end - start)).toBe(digest(contentAt(start, end - start)));
      }
    });

    it('takes many writes at once', async () => {
      const { store } = await open();
      const chunks = Array.from({ length: layout.chunkCount }, (_, chunk) => chunk);
      await Promise.all(chunks.map((chunk) => writeChunk(store, layout, chunk)));
      expect(await contentOf(store, 0, layout.contentSizeBytes)).toBe(digest(contentAt(0, layout.contentSizeBytes)));
    });

    it('lets the later of two writes win: a bad chunk is fetched again', async () => {
      const { store } = await open();
      await store.write(layout.chunkStart(1), Buffer.alloc(layout.chunkSize(1), 0xee));
      await writeChunk(store, layout, 1);
      const [start, size] = [layout.chunkStart(1), layout.chunkSize(1)];
      expect(await contentOf(store, start, size)).toBe(digest(contentAt(start, size)));
    });

    it('does not keep the bytes of a write after it settled', async () => {
      const { store } = await open();
      const bytes = contentAt(0, 1000);
      await store.write(0, bytes);
      bytes.fill(0);
      expect(await contentOf(store, 0, 1000)).toBe(digest(contentAt(0, 1000)));
    });

    it.each([
      ['before the content', -1, 1],
      ['past its end', 0, 1],
    ])('refuses to read or write %s', async (_where, offset, lengthBytes) => {
      const { store } = await open();
      const at = offset < 0 ? offset : layout.contentSizeBytes;
      await expect(store.write(at, Buffer.alloc(lengthBytes))).rejects.toThrow();
      await expect(store.read(at, Buffer.alloc(lengthBytes))).rejects.toThrow();
    });

    it('knows after a close what was committed, and has its bytes', async () => {
      const { store } = await open();
      const done = new Bitfield(layout.chunkCount);
      for (const chunk of [0, 2]) {
        await writeChunk(store, layout, chunk);
        done.add(chunk);
      }
      await store.commit(done);
      await store.close();
      const again = await open();
      expect([again.done.has(0), again.done.has(1), again.done.has(2)]).toEqual([true, false, true]);
      const [start, size] = [layout.chunkStart(2), layout.chunkSize(2)];
      expect(await contentOf(again.store, start, size)).toBe(digest(contentAt(start, size)));
    });

    it('does not keep the bitfield of a commit', async () => {
      const { store } = await open();
      const done = new Bitfield(layout.chunkCount);
      await writeChunk(store, layout, 0);
      done.add(0);
      await store.commit(done);
      done.add(1);
      await store.close();
      expect((await open()).done.has(1)).toBe(false);
    });

    it('commits the same chunks again without harm', async () => {
      const { store } = await open();
      const done = new Bitfield(layout.chunkCount);
      await writeChunk(store, layout, 0);
      done.add(0);
      await store.commit(done);
      await store.commit(done);
      await store.close();
      expect((await open()).done.has(0)).toBe(true);
    });

    it('goes on where it was closed, and puts the whole in its place', async () => {
      const first = await open();
      const done = new Bitfield(layout.chunkCount);
      await writeChunk(first.store, layout, 0);
      done.add(0);
      await first.store.commit(done);
      await first.store.close();
      const { store } = await open();
      for (let chunk = 1; chunk < layout.chunkCount; chunk += 1) await writeChunk(store, layout, chunk);
      await store.finish();
      expect(digest(await harness.finishedContent())).toBe(digest(contentAt(0, layout.contentSizeBytes)));
      expect(await contentOf(store, 0, 1000)).toBe(digest(contentAt(0, 1000)));
    });

    it('closes twice without harm', async () => {
      const { store } = await open();
      await store.close();
      await expect(store.close()).resolves.toBeUndefined();
    });
  });
}
