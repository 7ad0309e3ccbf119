import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { scanContent } from './content-scan.js';
import { ContentMissingError, ContentUnsuitableError } from './errors.js';
import { SCAN_DEPTH_MAX } from './limits.js';
import { makeFolder, makeTree, removeFolders } from './sample-content.fixture.js';

afterEach(removeFolders);

const bytes = Buffer.from('x');

describe('scanContent', () => {
  it('lists files by the bytes of their names, with modes, links and empty folders', async () => {
    const root = join(await makeFolder(), 'model');
    await makeTree(root, {
      'b.txt': Buffer.from('four'),
      'b/z': bytes,
      'bin/run': { program: bytes },
      'empty/deep': 'folder',
      'link to b': { link: './b//z' },
      'bin/up': { link: '../b/../b.txt' },
      'ﬁ–éñ': bytes,
      𐍈: bytes,
      zero: Buffer.alloc(0),
    });
    const scanned = await scanContent(root);
    expect(scanned).toMatchObject({ name: 'model', isDirectory: true, path: root, sizeBytes: 8 });
    expect(scanned.files.map(({ path }) => path.join('/'))).toEqual([
      'b/z',
      'b.txt',
      'bin/run',
      'bin/up',
      'link to b',
      'zero',
      'ﬁ–éñ',
      '𐍈',
    ]);
    expect(scanned.files.filter(({ isExecutable }) => isExecutable).map(({ path }) => path)).toEqual([['bin', 'run']]);
    const links = scanned.files.filter(({ symlinkTarget }) => symlinkTarget !== undefined);
    expect(links.map(({ symlinkTarget }) => symlinkTarget)).toEqual([
      ['..', 'b.txt'],
      ['b', 'z'],
    ]);
    expect(scanned.emptyDirectories).toEqual([['empty', 'deep']]);
  });

  it('takes a single file, also through a link its user named', async () => {
    const folder = await makeFolder();
    await makeTree(folder, { 'real.bin': Buffer.from('abc'), latest: { link: 'real.bin' } });
    const scanned = await scanContent(join(folder, 'latest'));
    expect(scanned).toMatchObject({ name: 'latest', isDirectory: false, sizeBytes: 3 });
    expect(scanned.files[0]?.path).toEqual(['latest']);
  });

  it('leaves unfinished downloads out, and a folder with nothing else counts as empty', async () => {
    const root = await makeFolder();
    await makeTree(root, { a: bytes, '.panal/x/data': bytes, 'sub/.panal/y': bytes });
    const scanned = await scanContent(root);
    expect(scanned.files.map(({ path }) => path)).toEqual([['a']]);
    expect(scanned.emptyDirectories).toEqual([['sub']]);
  });

  it('keeps a link to nothing inside the tree', async () => {
    const root = await makeFolder();
    await makeTree(root, { a: bytes, broken: { link: 'gone/away' } });
    const scanned = await scanContent(root);
    expect(scanned.files[1]?.symlinkTarget).toEqual(['gone', 'away']);
  });

  it.each([
    ['link_leaves_tree', '/etc/passwd'],
    ['link_leaves_tree', '../outside'],
    ['link_leaves_tree', 'sub/../../outside'],
    ['link_through_link', 'folder-link/z'],
    ['link_through_link', 'folder-link/../a'],
    ['link_to_parent', '.'],
  ])('refuses with %s a link that says %s', async (problem, link) => {
    const root = await makeFolder();
    await makeTree(root, { a: bytes, 'sub/z': bytes, 'folder-link': { link: 'sub' }, bad: { link } });
    const refusal = scanContent(root);
    await expect(refusal).rejects.toThrow(ContentUnsuitableError);
    await expect(refusal).rejects.toMatchObject({ code: 'content_unsuitable', problem, path: join(root, 'bad') });
  });

  it('refuses pipes and sockets, naming them', async () => {
    const root = await makeFolder();
    execFileSync('mkfifo', [join(root, 'pipe')]);
    await expect(scanContent(root)).rejects.toMatchObject({ problem: 'fifo', path: join(root, 'pipe') });
    await expect(scanContent(join(root, 'pipe'))).rejects.toMatchObject({ problem: 'fifo' });
    const other = await makeFolder();
    const server = createServer();
    await new Promise<void>((done) => server.listen(join(other, 'socket'), done));
    try {
      await expect(scanContent(other)).rejects.toMatchObject({ problem: 'socket', path: join(other, 'socket') });
    } finally {
      await new Promise((done) => server.close(done));
    }
    await expect(scanContent('/dev/null')).rejects.toMatchObject({ problem: 'device' });
  });

  it('refuses names that are no UTF-8, and shows their bytes', async () => {
    const root = await makeFolder();
    const name = Buffer.concat([Buffer.from(`${root}/caf`), Buffer.from([0xe9])]);
    await writeFile(name, 'x');
    await expect(scanContent(root)).rejects.toMatchObject({ problem: 'name_not_utf8', path: join(root, 'caf\\xe9') });
  });

  it('refuses a link whose text is no UTF-8', async () => {
    const root = await makeFolder();
    await makeTree(root, { a: bytes });
    await symlink(Buffer.from([0x61, 0xff]), join(root, 'bad'));
    await expect(scanContent(root)).rejects.toMatchObject({ problem: 'name_not_utf8', path: join(root, 'bad') });
  });

  it('refuses a tree that is too deep before the system does', async () => {
    const root = await makeFolder();
    await mkdir(join(root, ...Array.from({ length: SCAN_DEPTH_MAX }, () => 'd')), { recursive: true });
    await expect(scanContent(root)).rejects.toMatchObject({ problem: 'too_deep' });
  });

  it('refuses an empty directory, the root of the disk and what is not there', async () => {
    const root = await makeFolder();
    await makeTree(root, { sub: 'folder' });
    await expect(scanContent(root)).rejects.toMatchObject({ problem: 'no_files' });
    await expect(scanContent('/')).rejects.toMatchObject({ problem: 'no_name' });
    await expect(scanContent(join(root, 'gone'))).rejects.toThrow(ContentMissingError);
  });

  it('stops when it is cancelled', async () => {
    const root = await makeFolder();
    await makeTree(root, { a: bytes });
    await expect(scanContent(root, { signal: AbortSignal.abort('enough') })).rejects.toBe('enough');
  });
});
