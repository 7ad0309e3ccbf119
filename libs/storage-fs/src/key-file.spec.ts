import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatClientKey, formatClusterKey, makeClientKey, makeClusterKey } from '@panal/access';
import { SeededRandom } from '@panal/runtime';
import {
  ClusterKeyExistsError,
  ClusterKeyMissingError,
  ClusterKeyUnreadableError,
  KeyFileExposedError,
} from './data-folder-errors.js';
import { createKeyFile, readClusterKeyFile, readKeyFile, replaceKeyFile } from './key-file.js';
import { makeFolder, removeFolders } from './sample-content.fixture.js';

afterEach(removeFolders);

const key = makeClusterKey(new SeededRandom(1));
const other = makeClusterKey(new SeededRandom(2));

describe('a cluster key file', () => {
  it('is made once, for its owner only, and read back', async () => {
    const path = join(await makeFolder(), 'new', 'cluster.key');
    await createKeyFile(path, formatClusterKey(key));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await readClusterKeyFile(path)).key.secret).toEqual(key.secret);
    await expect(createKeyFile(path, formatClusterKey(other))).rejects.toThrow(ClusterKeyExistsError);
    expect((await readClusterKeyFile(path)).key.secret).toEqual(key.secret);
    expect(await readdir(join(path, '..'))).toEqual(['cluster.key']);
  });

  it('is made by one of two at the same time', async () => {
    const path = join(await makeFolder(), 'cluster.key');
    const tries = await Promise.allSettled([
      createKeyFile(path, formatClusterKey(key)),
      createKeyFile(path, formatClusterKey(other)),
    ]);
    expect(tries.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await readdir(join(path, '..'))).toEqual(['cluster.key']);
  });

  it.each([0o640, 0o604, 0o444])(
    'is refused when others can read it (mode %o), with the command that helps',
    async (mode) => {
      const path = join(await makeFolder(), 'cluster.key');
      await createKeyFile(path, formatClusterKey(key));
      await chmod(path, mode);
      const refusal = await readKeyFile(path).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(KeyFileExposedError);
      expect((refusal as KeyFileExposedError).action).toContain(`chmod 600 ${path}`);
      await symlink(path, `${path}.link`);
      await expect(readKeyFile(`${path}.link`)).rejects.toThrow(KeyFileExposedError);
    },
  );

  it('may be a link to a secret of Docker, which shows them to all that runs in the container', async () => {
    const folder = await makeFolder();
    await writeFile(join(folder, 'secret'), `${formatClusterKey(key)}\n`, { mode: 0o444 });
    await symlink('secret', join(folder, 'cluster.key'));
    const read = await readKeyFile(join(folder, 'cluster.key'), folder);
    expect(read.kind === 'cluster' && read.ring.key.secret).toEqual(key.secret);
    await expect(readKeyFile(join(folder, 'cluster.key'), `${folder}/other`)).rejects.toThrow(KeyFileExposedError);
  });

  it('may hold the key of a client, which is no key of the cluster', async () => {
    const path = join(await makeFolder(), 'ci.key');
    const client = makeClientKey(
      { cluster: 'panal', name: 'ci', signingPublicKey: Buffer.alloc(32) },
      new SeededRandom(1),
    );
    await createKeyFile(path, formatClientKey(client));
    const read = await readKeyFile(path);
    expect(read.kind === 'client' && read.key.secret).toEqual(client.secret);
    await expect(readClusterKeyFile(path)).rejects.toThrow(ClusterKeyUnreadableError);
  });

  it('is replaced whole, for its owner only, and a link to it stays one', async () => {
    const path = join(await makeFolder(), 'cluster.key');
    await createKeyFile(path, formatClusterKey(key));
    await symlink(path, `${path}.link`);
    await replaceKeyFile(`${path}.link`, formatClusterKey(other));
    expect((await readClusterKeyFile(path)).key.secret).toEqual(other.secret);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
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
      await writeFile(path, text, { mode: 0o600 });
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
    await expect(createKeyFile(path, formatClusterKey(key))).rejects.toThrow(ClusterKeyExistsError);
  });

  it('is a line of text', async () => {
    const path = join(await makeFolder(), 'cluster.key');
    await createKeyFile(path, formatClusterKey(key));
    expect(await readFile(path, 'utf8')).toBe(`${formatClusterKey(key)}\n`);
  });
});
