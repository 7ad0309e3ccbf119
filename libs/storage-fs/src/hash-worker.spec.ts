import { merkleRootOf } from '@panal/torrent';
import { HashWorker } from './hash-worker.js';

const MIB = 1024 * 1024;
const LEAVES = 64;

function sharedBlock(fill: number, sizeBytes = MIB): Buffer {
  return Buffer.from(new SharedArrayBuffer(sizeBytes)).fill(fill);
}

describe('HashWorker', () => {
  let worker: HashWorker;
  let failures: unknown[];

  beforeEach(() => {
    failures = [];
    worker = new HashWorker((error) => failures.push(error));
  });

  afterEach(() => worker.close());

  it('gives the roots that this thread would compute, whatever it has in hand at once', async () => {
    const blocks = Array.from({ length: 8 }, (_, fill) => sharedBlock(fill));
    const roots = await Promise.all(blocks.map(async (block) => worker.rootOf(block, LEAVES)));
    expect(roots).toEqual(blocks.map((block) => merkleRootOf(block, LEAVES)));
    expect(failures).toEqual([]);
  });

  it('hashes a view of shared memory, and nothing beside it', async () => {
    const block = sharedBlock(1, 2 * MIB);
    block.fill(2, MIB);
    expect(await worker.rootOf(block.subarray(MIB), LEAVES)).toEqual(merkleRootOf(Buffer.alloc(MIB, 2), LEAVES));
  });

  it.each([
    ['small blocks', sharedBlock(3, 1000)],
    ['bytes that are not shared', Buffer.alloc(MIB, 4)],
  ])('hashes %s at once', (_what, block) => {
    expect(worker.rootOf(block, LEAVES)).toEqual(merkleRootOf(block, LEAVES));
  });

  it('finishes here what it had in hand when it is closed', async () => {
    const block = sharedBlock(5);
    const root = worker.rootOf(block, LEAVES);
    await worker.close();
    expect(await root).toEqual(merkleRootOf(block, LEAVES));
    expect(worker.rootOf(block, LEAVES)).toEqual(merkleRootOf(block, LEAVES));
  });

  it('goes on here when the thread fails', async () => {
    const broken = new HashWorker((error) => failures.push(error), new URL('no-such-file.js', import.meta.url));
    const blocks = [sharedBlock(6), sharedBlock(7)];
    const roots = blocks.map(async (block) => broken.rootOf(block, LEAVES));
    expect(await Promise.all(roots)).toEqual([6, 7].map((fill) => merkleRootOf(sharedBlock(fill), LEAVES)));
    expect(failures).toHaveLength(1);
    expect(broken.rootOf(sharedBlock(8), LEAVES)).toEqual(merkleRootOf(sharedBlock(8), LEAVES));
    await broken.close();
  });
});
