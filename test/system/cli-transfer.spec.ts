import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { jest } from '@jest/globals';
import { CliInstallation, eventually, isRunning, type Running } from './cli-installation.js';

const HASH = 'ab'.repeat(32);

// Real processes on a shared machine: a restart waits, and waits longer when its port was taken meanwhile.
jest.setTimeout(30_000);

describe('panal share and get', () => {
  let cli: CliInstallation;
  let content: string;

  beforeEach(async () => {
    cli = await CliInstallation.make();
    content = path.join(cli.folder, 'llm');
    await mkdir(content);
    await writeFile(path.join(content, 'model.bin'), 'weights');
  });
  afterEach(() => cli.remove());

  const startPeer = async (): Promise<Running> => {
    const peer = cli.start(['peer', '--data', cli.dataDir, '--name', 'local', '--listen', '127.0.0.1:0']);
    await peer.until('ready');
    return peer;
  };
  const peerPid = async (): Promise<number> =>
    (JSON.parse(await readFile(path.join(cli.dataDir, 'peer.json'), 'utf8')) as { pid: number }).pid;

  describe('with a running peer', () => {
    it('shares, says how others get it, and returns', async () => {
      await startPeer();
      const { code, stdout, stderr } = await cli.run(['share', 'llm', '--name', 'llm:v3', '--output', 'llm.torrent']);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toContain(`Peer local shares ${content}`);
      for (const part of [HASH, 'llm:v3', '4 of 256 KiB', 'magnet:?xt=', 'panal get llm:v3'])
        expect(stdout).toContain(part);
      expect(await readFile(path.join(cli.folder, 'llm.torrent'), 'utf8')).toContain('d4:info');
    });

    it('fetches, with plain lines on a pipe', async () => {
      await startPeer();
      const { code, stdout } = await cli.run(['get', 'llm:v3', '--to', 'copies', '--as', 'mine']);
      expect(code).toBe(0);
      expect(stdout).toContain('Fetched mine (1000 B in 1 file)');
      expect(stdout).toContain(', from p1.');
      expect(stdout).toContain(path.join(cli.folder, 'copies', 'mine'));
      // oxlint-disable-next-line no-control-regex
      expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]/);
    });

    it('prints JSON lines that end with the outcome', async () => {
      await startPeer();
      const { code, stdout } = await cli.run(['get', HASH, '--json']);
      const events = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { event: string; state?: string });
      expect(code).toBe(0);
      expect(events.slice(0, -1).every(({ event }) => event === 'progress')).toBe(true);
      expect(events.at(-1)).toMatchObject({ event: 'complete', hash: HASH, sources: [{ name: 'p1', chunksDone: 4 }] });
    });

    it('passes on what the peer says is wrong, and what to do', async () => {
      await startPeer();
      expect(await cli.run(['get', 'broken:v1'])).toMatchObject({
        code: 1,
        stderr: 'Error: Something else is there.\nGive --force.\n',
      });
      expect(await cli.run(['get', 'refused:v1'])).toMatchObject({
        code: 1,
        stderr: 'Error: It is there already.\nGive --force.\n',
      });
      const { code, stdout } = await cli.run(['get', 'broken:v1', '--json']);
      expect(code).toBe(1);
      expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
        event: 'error',
        code: 'target_differs',
      });
    });

    it('says why it waits, and gives up after --wait with 3', async () => {
      await startPeer();
      const { code, stdout, stderr } = await cli.run(['get', 'nobody:v1', '--wait', '0.5']);
      expect(code).toBe(3);
      expect(stdout).toContain('nobody shares it yet; waiting, Ctrl-C to stop');
      expect(stderr).toContain('Error: Nobody shares it yet. Nothing arrived for 0.5 s.');
      expect(stderr).toContain('Peer local goes on with it. To end that, too: panal stop ');
    });

    it('tells of a pause and goes on after it', async () => {
      await startPeer();
      const { code, stdout } = await cli.run(['get', 'full:v1']);
      expect(code).toBe(0);
      expect(stdout).toContain('paused: The disk is full. Make room.');
    });

    it('leaves a download with the peer on Ctrl-C and says how to stop it', async () => {
      await startPeer();
      const get = cli.start(['get', 'nobody:v1']);
      await get.until('nobody shares it yet');
      get.kill('SIGINT');
      const { code, stderr } = await get.ended;
      expect(code).toBe(130);
      const id = /panal stop (\S+)/.exec(stderr)?.[1] ?? '';
      expect(await cli.run(['stop', id])).toMatchObject({
        code: 0,
        stdout: 'Peer local stopped fetching nobody:v1.\n',
      });
      expect(await cli.run(['stop', id])).toMatchObject({ code: 2 });
    });

    it('lists and shows without letting a hostile name forge the output', async () => {
      await startPeer();
      await cli.run(['get', 'llm:v3']);
      expect((await cli.run(['ls'])).stdout).toContain('\\u{1b}[31mred:v1');
      const status = await cli.run(['status']);
      expect(status.stdout).toMatch(/local {2}cluster panal/);
      expect(status.stdout).toMatch(/download {2}complete {2}llm:v3/);
      const [report] = (await cli.run(['status', '--json'])).stdout.trim().split('\n');
      expect(JSON.parse(report ?? '')).toMatchObject({ peer: { name: 'local' }, torrents: [{ state: 'complete' }] });
    });

    it('says that flags for a peer of its own had no effect', async () => {
      await startPeer();
      const { stderr } = await cli.run(['get', 'llm:v3', '--tracker', '127.0.0.1:5555']);
      expect(stderr).toBe('Note: peer local runs already, so --tracker had no effect.\n');
    });

    it('names the peers that run when another is asked for', async () => {
      await startPeer();
      expect(await cli.run(['get', 'llm:v3', '--peer', 'other'])).toMatchObject({
        code: 1,
        stderr: 'Error: No running peer here is called "other".\nThese run: local.\n',
      });
    });
  });

  describe('without a running peer', () => {
    it('starts one, fetches, and ends it', async () => {
      const { code, stdout } = await cli.run(['get', 'llm:v3', '--tracker', '127.0.0.1:5555']);
      expect([code, isRunning(await peerPid())]).toEqual([0, false]);
      expect(stdout).toContain('Fetched');
    });

    it('takes the next port when another program has the usual one, but not for one that was named', async () => {
      const usual = createServer().listen(5550, '127.0.0.1');
      // When somebody else has it already, that is just as good.
      await once(usual, 'listening').catch(() => undefined);
      expect((await cli.run(['get', 'llm:v3'])).code).toBe(0);
      usual.close();
      const taken = createServer().listen(0, '127.0.0.1');
      await once(taken, 'listening');
      const { port } = taken.address() as { port: number };
      expect(await cli.run(['get', 'llm:v3', '--listen', `127.0.0.1:${port}`])).toMatchObject({
        code: 1,
        stderr: `Error: the peer did not start: Port ${port}: EADDRINUSE.\nTake another.\n`,
      });
      taken.close();
    });

    it('takes the next port for its interface when only the data port was named', async () => {
      const taken = createServer().listen(0, '127.0.0.1');
      await once(taken, 'listening');
      const { port } = taken.address() as { port: number };
      const environment = { FAKE_API_PORT: String(port) };
      expect(await cli.run(['get', 'llm:v3', '--listen', '127.0.0.1:0'], environment)).toMatchObject({ code: 0 });
      taken.close();
    });

    it('passes over the record of a peer that was killed', async () => {
      const peer = await startPeer();
      peer.kill('SIGKILL');
      await peer.ended;
      expect((await cli.run(['get', 'llm:v3'])).code).toBe(0);
      expect(await cli.run(['status'])).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('No peer runs from') as string,
      });
    });

    it('serves a share until Ctrl-C, which is no failure', async () => {
      const share = cli.start(['share', 'llm']);
      await share.until('Serving it from here until Ctrl-C');
      const pid = await peerPid();
      expect(isRunning(pid)).toBe(true);
      share.kill('SIGINT');
      const { code, stdout } = await share.ended;
      expect([code, isRunning(pid)]).toEqual([0, false]);
      expect(stdout).toContain(`panal get ${HASH}`);
    });

    it('does not take an empty path for this directory', async () => {
      expect(await cli.run(['share', ''])).toMatchObject({
        code: 2,
        stderr: 'Error: The path to share is empty.\nGive a file or directory; . is this one.\n',
      });
    });

    it('says so when the peer dies while it serves', async () => {
      const share = cli.start(['share', 'llm']);
      await share.until('Serving it from here');
      process.kill(await peerPid(), 'SIGKILL');
      expect(await share.ended).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('ended by itself (SIGKILL)') as string,
      });
    });

    it('leaves no peer behind when it is killed itself', async () => {
      const share = cli.start(['share', 'llm']);
      await share.until('Serving it from here');
      const pid = await peerPid();
      share.kill('SIGKILL');
      expect((await share.ended).code).toBeNull();
      await eventually(() => !isRunning(pid));
    });

    it('says that no tracker answers', async () => {
      const { code, stdout, stderr } = await cli.run(['get', 'nobody:v1', '--tracker', '127.0.0.1:1', '--wait', '0.4']);
      expect(code).toBe(3);
      expect(stdout).toContain('no tracker answers at 127.0.0.1:1; trying again');
      expect(stderr).toContain('What was fetched is kept; the same command goes on from there.');
    });
  });
});
