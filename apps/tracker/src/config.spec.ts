import { readTrackerConfig } from './config.js';

describe('readTrackerConfig', () => {
  const read = (argv: readonly string[], env: Record<string, string> = {}) =>
    readTrackerConfig(argv, env, () => undefined);

  it('has the documented defaults', () => {
    expect(read([])).toMatchObject({
      listen: { host: '0.0.0.0', port: 5555 },
      http: { host: '0.0.0.0', port: 5556 },
      advertise: [],
      clusterListen: { host: '0.0.0.0', port: 5560 },
      join: [],
      zone: '',
      weight: 1,
      writes: 'degrade',
      acceptStale: false,
      data: undefined,
      cluster: 'panal',
      keyFile: undefined,
      logLevel: 'info',
      peerTtlMs: 90_000,
      protocolMax: 3,
    });
  });

  it('puts HTTP beside RPC, wherever that is', () => {
    expect(read(['--listen', '127.0.0.1:7000'])?.http).toEqual({ host: '127.0.0.1', port: 7001 });
    expect(read(['--listen', '127.0.0.1:65535'])?.http.port).toBe(65_534);
    expect(read(['--listen', ':0'])?.http).toEqual({ host: '0.0.0.0', port: 0 });
  });

  it('looks for the key beside the data', () => {
    expect(read(['--data', '/d'])?.keyFile).toBe('/d/cluster.key');
    expect(read(['--data', '/d', '--key-file', '/k'])?.keyFile).toBe('/k');
  });

  it('has a name that can be sent, whatever the machine is called', () => {
    expect(read([])?.name).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]*$/);
    expect(read(['--name', 't7'])?.name).toBe('t7');
  });

  it('takes a variable for a flag, several values separated by commas', () => {
    const env = { PANAL_LISTEN: ':1', PANAL_JOIN: 't2, t3:9', PANAL_PEER_TTL: '2m', PANAL_DATA: '' };
    expect(read(['--listen', ':2'], env)).toMatchObject({
      listen: { host: '0.0.0.0', port: 2 },
      join: [
        { host: 't2', port: 5560 },
        { host: 't3', port: 9 },
      ],
      peerTtlMs: 120_000,
      data: undefined,
    });
  });

  it.each([
    [['--peer-ttl', '0s'], '--peer-ttl'],
    [['--peer-ttl', '2h'], '--peer-ttl'],
    [['--http', 'x y:1'], '--http'],
    [['--weight', '0'], '--weight'],
    [['--protocol-max', '1'], '--protocol-max'],
    [['--protocol-max', '4'], '--protocol-max'],
    [['--writes', 'maybe'], '--writes'],
    [['--join', 'a b'], '--join'],
  ])('refuses %j and names the flag', (argv, flag) => {
    expect(() => read(argv)).toThrow(expect.objectContaining({ message: expect.stringContaining(flag) as string }));
  });

  it('prints the help and starts nothing when it is asked for', () => {
    let text = '';
    expect(readTrackerConfig(['--help'], {}, (part) => void (text += part))).toBeUndefined();
    for (const word of ['--listen', 'PANAL_KEY_FILE', '--peer-ttl', 'panal keys init', '5555'])
      expect(text).toContain(word);
  });
});
