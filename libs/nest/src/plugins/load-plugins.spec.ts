import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ManualClock } from '@panal/runtime';
import { loadPlugins } from './load-plugins.js';
import { PLUGIN_START_MS } from './plugin-limits.js';
import { type PluginRoads, redirected } from './plugin-resolution.js';
import { HOST_PACKAGES } from './second-copies.js';

describe('loadPlugins', () => {
  let folder: string;
  const clock = new ManualClock();
  const sound = { default: { name: 'mine', apiVersion: 1, contributes: {} } };

  beforeEach(async () => {
    folder = await realpath(await mkdtemp(path.join(tmpdir(), 'panal-plugins-')));
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** A package below the folder of plugins, or below another package. */
  async function install(place: string, changes: object = {}): Promise<string> {
    const at = path.join(folder, 'node_modules', place);
    await mkdir(at, { recursive: true });
    const file = { name: place.split('/node_modules/').at(-1), version: '1.2.3', type: 'module', ...changes };
    await writeFile(path.join(at, 'package.json'), JSON.stringify(file));
    return at;
  }

  async function load(packages: readonly string[], enter: (name: string) => Promise<unknown> = async () => sound) {
    const entered: string[] = [];
    const roads: PluginRoads[] = [];
    const door = {
      open: (each: PluginRoads) => void roads.push(each),
      enter: (name: string) => {
        entered.push(name);
        return enter(name);
      },
    };
    const loaded = await loadPlugins({ packages, folder, timers: clock, door }).catch((error: unknown) => {
      throw Object.assign(error as Error, { entered });
    });
    return { loaded, roads };
  }

  it('loads what is installed, from its real folder', async () => {
    await install('@acme/mine');
    const { loaded } = await load(['@acme/mine']);
    const own = path.join(folder, 'node_modules/@acme/mine');
    expect(loaded).toEqual([{ manifest: sound.default, packageName: '@acme/mine', version: '1.2.3', folder: own }]);
  });

  it('names a package that is not installed, also when it is in a folder above', async () => {
    await install('elsewhere');
    const below = path.join(folder, 'below');
    await mkdir(below);
    for (const [each, name] of [
      [folder, 'missing'],
      [below, 'elsewhere'],
    ] as const) {
      await expect(loadPlugins({ packages: [name], folder: each, timers: clock })).rejects.toMatchObject({
        code: 'plugin_not_found',
        message: `There is no package "${name}" in ${each}.`,
      });
    }
  });

  it.each<[string, object, () => Promise<unknown>, string]>([
    ['is CommonJS', { type: undefined }, async () => sound, 'it is no ES module'],
    ['throws', {}, () => Promise.reject(new Error('no licence')), 'importing it failed: no licence'],
    ['throws no error', {}, () => Promise.reject('no licence' as unknown as Error), 'importing it failed: no licence'],
    ['exports nothing', {}, async () => ({}), 'no manifest as its default export'],
  ])('refuses one that %s, with its name', async (_how, file, enter, reason) => {
    await install('mine', file);
    await expect(load(['mine'], enter)).rejects.toMatchObject({
      code: 'plugin_invalid',
      message: expect.stringContaining(reason),
    });
  });

  it('gives up one whose import does not end', async () => {
    await install('mine');
    const enter = () => {
      setImmediate(() => clock.advance(PLUGIN_START_MS));
      return new Promise(() => undefined);
    };
    await expect(load(['mine'], enter)).rejects.toThrow('importing it did not end within 10000 ms');
  });

  describe("a second copy of what is the host's", () => {
    it.each([
      ['in the plugin', 'mine/node_modules/class-validator', {}],
      ['beside the plugin', '@nestjs/common', {}],
      ['in what the plugin depends on', 'lib/node_modules/rxjs', { dependencies: { lib: '^1.0.0' } }],
      ['of Panal itself', 'panal', {}],
    ])('%s is refused before anything of it runs', async (_where, copy, file) => {
      await install('mine', file);
      await install('lib');
      await install('other');
      const at = await install(copy, { version: '0.0.1' });
      const name = copy.split('/node_modules/').at(-1);
      await expect(load(['other', 'mine'])).rejects.toMatchObject({
        code: 'plugin_second_copy',
        message: expect.stringContaining(`second copy of ${name}, from ${at}`),
        entered: [],
      });
    });

    it("is none when it is a link to the host's", async () => {
      await install('mine');
      const host = await realpath(path.join(process.cwd(), 'node_modules/class-validator'));
      await symlink(host, path.join(folder, 'node_modules/class-validator'));
      expect((await load(['mine'])).loaded.length).toBe(1);
    });

    it('is found in a plugin that is linked into the folder', async () => {
      const own = path.join(folder, 'work');
      await mkdir(path.join(own, 'node_modules/@nestjs/core'), { recursive: true });
      await writeFile(path.join(own, 'package.json'), '{"type":"module"}');
      await writeFile(path.join(own, 'node_modules/@nestjs/core/package.json'), '{}');
      await mkdir(path.join(folder, 'node_modules'));
      await symlink(own, path.join(folder, 'node_modules/mine'));
      await expect(load(['mine'])).rejects.toMatchObject({ code: 'plugin_second_copy' });
    });

    it('does not keep circles from being looked through', async () => {
      await install('mine', { dependencies: { lib: '*' } });
      await install('lib', { dependencies: { mine: '*', gone: '*' } });
      expect((await load(['mine'])).loaded.length).toBe(1);
    });
  });
});

describe('redirected', () => {
  const roads: PluginRoads = {
    hostUrl: 'file:///opt/panal/package.json',
    pluginsUrl: 'file:///plugins/package.json',
    pluginFolders: ['file:///plugins/'],
    hostPackages: HOST_PACKAGES,
  };
  const plugin = 'file:///plugins/node_modules/mine/index.js';

  it.each<[string, string | undefined, string | undefined]>([
    ['@nestjs/common', plugin, roads.hostUrl],
    ['@nestjs/common/internal', plugin, roads.hostUrl],
    ['panal/plugin-api', plugin, roads.hostUrl],
    ['rxjs/operators', 'file:///plugins/node_modules/lib/x.js', roads.hostUrl],
    ['rxjs-lib', plugin, undefined],
    ['./rxjs', plugin, undefined],
    ['node:fs', plugin, undefined],
    ['rxjs', 'file:///opt/panal/dist/x.js', undefined],
    ['rxjs', 'file:///plugins-of-others/x.js', undefined],
    ['rxjs', undefined, undefined],
  ])('%s from %s goes to %s', (specifier, parent, target) => {
    expect(redirected(specifier, parent, roads)).toEqual(target && { specifier, parentURL: target });
  });

  it('finds a plugin by its package, in the folder of plugins', () => {
    expect(redirected('panal-plugin:@acme/mine', roads.hostUrl, roads)).toEqual({
      specifier: '@acme/mine',
      parentURL: roads.pluginsUrl,
    });
  });
});
