import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatClusterKey, makeClusterKey } from '@panal/access';
import { SeededRandom } from '@panal/runtime';
import { createClusterKeyFile, readClusterKeyFile } from './cluster-key-file.js';
import { ClusterKeyExistsError, ClusterKeyMissingError, ClusterKeyUnreadableError } from './data-folder-errors.js';
import { makeFolder, removeFolders } from './sample-content.fixture.js';

afterEach(removeFolders);

const key = makeClusterKey(new SeededRandom(1));
const other = makeClusterKey(new SeededRandom(2));

describe('a cluster key file', () => {
  it('is made once, for its owner only, and read back', async () => {
    const path = join(await makeFolder(), 'new', 'cluster.key');
    await createClusterKeyFile(path, key);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await readClusterKeyFile(path)).secret).toEqual(key.secret);
    await expect(createClusterKeyFile(path, other)).rejects.toThrow(ClusterKeyExistsError);
    expect((await readClusterKeyFile(path)).secret).toEqual(key.secret);
    expect(await readdir(join(path, '..'))).toEqual(['cluster.key']);
  });

  it('is made by one of two at the same time', async () => {
    const path = join(await makeFolder(), 'cluster.key');
    const tries = await Promise.allSettled([createClusterKeyFile(path, key), createClusterKeyFile(path, other)]);
    expect(tries.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await readdir(join(path, '..'))).toEqual(['cluster.key']);
  });

  it('may be a link to a secret that others can read, as containers have it', async () => {
    const folder = await makeFolder();
    await writeFile(join(folder, 'secret'), `${formatClusterKey(key)}\n`);
    await chmod(join(folder, 'secret'), 0o444);
    await symlink('secret', join(folder, 'cluster.key'));
    expect((await readClusterKeyFile(join(folder, 'cluster.key'))).secret).toEqual(key.secret);
  });

  it('is missed with its path', async () => {
    const path = join(await makeFolder(), 'cluster.key');
    await expect(readClusterKeyFile(path)).rejects.toThrow(ClusterKeyMissingError);
    await expect(readClusterKeyFile(path)).rejects.toMatchObject({ path });
  });

  it.each(['', 'secret-words', `${formatClusterKey(key)}x`, `${formatClusterKey(key)}\n${formatClusterKey(other)}`])(
    'is refused, and not shown, when it holds something else (%#)',
    async (text) => {
      const path = join(await makeFolder(), 'cluster.key');
      await writeFile(path, text);
      const refusal = await readClusterKeyFile(path).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(ClusterKeyUnreadableError);
      const { message } = refusal as ClusterKeyUnreadableError;
      expect(message).toContain(path);
      expect(message.includes(text) && text !== '').toBe(false);
    },
  );

  it('is refused when it is a folder', async () => {
    const path = join(await makeFolder(), 'cluster.key');
    await mkdir(path);
    await expect(readClusterKeyFile(path)).rejects.toThrow(ClusterKeyUnreadableError);
    await expect(createClusterKeyFile(path, key)).rejects.toThrow(ClusterKeyExistsError);
  });

  it('is a line of text', async () => {
    const path = join(await makeFolder(), 'cluster.key');
    await createClusterKeyFile(path, key);
    expect(await readFile(path, 'utf8')).toBe(`${formatClusterKey(key)}\n`);
  });
});
