import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FileError, UsageError } from '../errors.js';
import { readContentReference } from './content-reference.js';

describe('readContentReference', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'panal-reference-'));
    await writeFile(path.join(folder, 'a.torrent'), 'bytes');
    await writeFile(path.join(folder, 'llm'), 'no torrent');
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each([
    ['llm:v3', { name: 'llm:v3' }],
    ['team/llm@2', { name: 'team/llm@2' }],
    // A file of this name is there; a name stays a name.
    ['llm', { name: 'llm' }],
    ['AB'.repeat(32), { hash: 'ab'.repeat(32) }],
    ['0'.repeat(40), { hash: '0'.repeat(40) }],
    ['magnet:?xt=urn:btmh:1220aa', { magnet: 'magnet:?xt=urn:btmh:1220aa' }],
    ['a.torrent', { torrent: Buffer.from('bytes').toString('base64') }],
    ['./llm', { torrent: Buffer.from('no torrent').toString('base64') }],
  ])('reads %s', async (text, reference) => {
    expect(await readContentReference(text, folder)).toEqual(reference);
  });

  it.each(['', '-x', 'two words', 'ñ', 'a'.repeat(129)])('refuses %j and names the four forms', async (text) => {
    await expect(readContentReference(text, folder)).rejects.toThrow(UsageError);
  });

  it.each(['none.torrent', './', '/no/such/file'])('says that %s is no file to read', async (text) => {
    await expect(readContentReference(text, folder)).rejects.toThrow(FileError);
  });
});
