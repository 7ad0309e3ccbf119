import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolders } from './folders.js';
import { makeFolder, removeFolders } from './sample-content.fixture.js';

afterEach(removeFolders);

describe('makeFolders', () => {
  it('makes what is missing, and minds nothing that is there', async () => {
    const folder = await makeFolder();
    const path = join(folder, 'a', 'b', 'c');
    await makeFolders(path);
    await makeFolders(path);
    expect((await stat(path)).isDirectory()).toBe(true);
  });

  it('may be asked twice at once', async () => {
    const path = join(await makeFolder(), 'a', 'b');
    await Promise.all([makeFolders(path), makeFolders(path), mkdir(path, { recursive: true })]);
    expect((await stat(path)).isDirectory()).toBe(true);
  });

  it('ends where nothing can be made, though everything above is there', async () => {
    await expect(makeFolders('/proc/panal')).rejects.toMatchObject({ code: expect.stringMatching(/ENOENT|EACCES/) });
    await expect(makeFolders('/proc/panal/deep')).rejects.toMatchObject({
      code: expect.stringMatching(/ENOENT|EACCES/),
    });
  });

  it('says that a file is in the way', async () => {
    const folder = await makeFolder();
    await writeFile(join(folder, 'file'), '');
    await expect(makeFolders(join(folder, 'file', 'below'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });
});
