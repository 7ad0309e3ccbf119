import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SeededRandom } from '@panal/runtime';
import { DataFolder } from './data-folder.js';
import { DataFileInvalidError, DataFolderLockedError, DataFolderNewerError } from './data-folder-errors.js';
import { makeFolder, removeFolders } from './sample-content.fixture.js';

afterEach(removeFolders);

const random = new SeededRandom(7);

async function newPath(): Promise<string> {
  return join(await makeFolder(), 'some', 'data');
}

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}

describe('DataFolder', () => {
  it('is made for its owner only, with a format and an id that stays', async () => {
    const path = await newPath();
    const folder = await DataFolder.open(path, { random });
    expect(await modeOf(path)).toBe(0o700);
    expect(await readFile(join(path, 'format'), 'utf8')).toBe('1\n');
    expect(folder.id).toHaveLength(16);
    await folder.close();
    const again = await DataFolder.open(path, { random });
    expect(again.id).toEqual(folder.id);
    await again.close();
    expect(await readdir(path)).toEqual(['format', 'id']);
  });

  it('has a twin below it with its identity and nothing else of it, once that is whole', async () => {
    const path = await newPath();
    const folder = await DataFolder.open(path, { random });
    await folder.apiToken();
    const twin = await folder.makeTwin('copies/one', async (unfinished) => {
      expect(await readdir(join(path, 'copies'))).toEqual(['.one.tmp']);
      await writeFile(join(unfinished, 'content'), 'x');
    });
    expect(twin).toBe(join(path, 'copies', 'one'));
    expect(await readdir(twin)).toEqual(['content', 'format', 'id']);
    const opened = await DataFolder.open(twin, { random });
    expect(opened.id).toEqual(folder.id);
    await opened.close();
    await folder.close();
  });

  it('has no twin that could not be filled, and replaces none', async () => {
    const path = await newPath();
    const folder = await DataFolder.open(path, { random });
    const full = new Error('the disk is full');
    await expect(folder.makeTwin('copies/one', () => Promise.reject(full))).rejects.toBe(full);
    expect(await readdir(join(path, 'copies'))).toEqual([]);
    await folder.makeTwin('copies/one', async () => undefined);
    const again = folder.makeTwin('copies/one', async () => undefined);
    await expect(again).rejects.toMatchObject({ code: 'data_folder_unusable' });
    expect(await readdir(join(path, 'copies'))).toEqual(['one']);
    await folder.close();
  });

  it('is open once, and names who has it', async () => {
    const path = await newPath();
    const folder = await DataFolder.open(path, { random });
    const second = DataFolder.open(path, { random });
    await expect(second).rejects.toThrow(DataFolderLockedError);
    await expect(second).rejects.toMatchObject({ pid: process.pid, code: 'data_folder_locked' });
    await folder.close();
  });

  it('is taken over from a process that was killed', async () => {
    const path = await newPath();
    await mkdir(path, { recursive: true });
    await writeFile(join(path, 'lock'), JSON.stringify({ pid: 2 ** 22 + 1, startedAt: '' }));
    const folder = await DataFolder.open(path, { random });
    expect(await readFile(join(path, 'lock'), 'utf8')).toContain(`"pid":${process.pid},`);
    await folder.close();
  });

  it.each(['2', '10', '999999999'])('refuses format %s of a newer Panal, and stays unlocked', async (format) => {
    const path = await newPath();
    await mkdir(path, { recursive: true });
    await writeFile(join(path, 'format'), `${format}\n`);
    const refusal = DataFolder.open(path, { random });
    await expect(refusal).rejects.toThrow(DataFolderNewerError);
    await expect(refusal).rejects.toMatchObject({ format: Number(format), knownFormat: 1 });
    expect(await readdir(path)).toEqual(['format']);
  });

  it.each([
    ['format', ''],
    ['format', '0'],
    ['format', '1.5'],
    ['format', 'one'],
    ['id', ''],
    ['id', 'x'.repeat(32)],
    ['id', 'ab'],
  ])('refuses a file %s with %j rather than make it anew', async (name, text) => {
    const path = await newPath();
    await mkdir(path, { recursive: true });
    await writeFile(join(path, name), text);
    await expect(DataFolder.open(path, { random })).rejects.toThrow(DataFileInvalidError);
    expect(await readFile(join(path, name), 'utf8')).toBe(text);
  });

  it('keeps its token for its owner, the same one on each start', async () => {
    const path = await newPath();
    const folder = await DataFolder.open(path, { random });
    const token = await folder.apiToken();
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(await modeOf(join(path, 'api-token'))).toBe(0o600);
    await chmod(join(path, 'api-token'), 0o644);
    expect(await folder.apiToken()).toBe(token);
    expect(await modeOf(join(path, 'api-token'))).toBe(0o600);
    await folder.close();
  });

  it('keeps bytes and JSON, also in folders below it, and lists and removes them', async () => {
    const path = await newPath();
    const folder = await DataFolder.open(path, { random });
    expect(await folder.readJson('peer.json')).toBeUndefined();
    expect(await folder.list('torrents')).toEqual([]);
    await folder.writeJson('peer.json', { pid: 1, url: 'http://ñ' });
    expect(await folder.readJson('peer.json')).toEqual({ pid: 1, url: 'http://ñ' });
    await folder.writeBytes('torrents/b', Buffer.of(2), { isSecret: true });
    await folder.writeBytes('torrents/a', Buffer.of(1));
    expect(await folder.list('torrents')).toEqual(['a', 'b']);
    expect(await modeOf(join(path, 'torrents', 'b'))).toBe(0o600);
    expect(await folder.readBytes('torrents/a')).toEqual(Buffer.of(1));
    await folder.remove('torrents/a');
    await folder.remove('torrents/a');
    expect(await folder.readBytes('torrents/a')).toBeUndefined();
    await folder.close();
  });

  it('ends with the last of many writes to one name, and close waits for them', async () => {
    const path = await newPath();
    const folder = await DataFolder.open(path, { random });
    const writes = Array.from({ length: 20 }, (_, index) => folder.writeJson('state.json', index));
    await folder.close();
    expect(JSON.parse(await readFile(join(path, 'state.json'), 'utf8'))).toBe(19);
    await Promise.all(writes);
  });

  it('says which file cannot be understood or written', async () => {
    const path = await newPath();
    const folder = await DataFolder.open(path, { random });
    await writeFile(join(path, 'peer.json'), '{"half":');
    await expect(folder.readJson('peer.json')).rejects.toMatchObject({
      code: 'data_file_invalid',
      path: join(path, 'peer.json'),
    });
    await mkdir(join(path, 'taken'));
    await expect(folder.writeJson('taken', 1)).rejects.toMatchObject({ code: 'data_folder_unusable' });
    await symlink('/etc/hostname', join(path, 'link'));
    await expect(folder.readBytes('link')).rejects.toMatchObject({ cause: { code: 'ELOOP' } });
    await folder.close();
  });

  it('clears away what a crash left half written', async () => {
    const path = await newPath();
    await mkdir(path, { recursive: true });
    await writeFile(join(path, 'peer.json.tmp'), 'half');
    await (await DataFolder.open(path, { random })).close();
    expect(await readdir(path)).toEqual(['format', 'id']);
  });

  it.each(['', '.', '..', '../x', '/etc', 'a//b', 'a/../b', 'a\0'])('takes %j for no name', async (name) => {
    const folder = await DataFolder.open(await newPath(), { random });
    expect(() => folder.pathOf(name)).toThrow(TypeError);
    await folder.close();
  });
});
