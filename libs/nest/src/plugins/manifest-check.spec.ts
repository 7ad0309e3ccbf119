import { PLUGIN_API_VERSION } from '@panal/plugin-api';
import { checkManifest } from './manifest-check.js';

const sound = { name: 'example', apiVersion: PLUGIN_API_VERSION, contributes: {} };
const policy = { choose: () => [] };
class WithMiddleware {
  configure(): void {}
}

describe('checkManifest', () => {
  it('takes the smallest and the fullest', () => {
    const full = {
      ...sound,
      requires: ['other'],
      contributes: { handoutPolicy: () => policy, chunkSchedulers: [{ name: 'newest', create: () => undefined }] },
      module: { tracker: class {}, peer: class {} },
    };
    expect(checkManifest(sound, 'p')).toBe(sound);
    expect(checkManifest(full, 'p')).toBe(full);
  });

  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'no manifest as its default export'],
    ['a function', () => sound, 'no manifest as its default export'],
    ['no name', { ...sound, name: undefined }, 'its name is not'],
    ['a name that does not fit a pattern', { ...sound, name: 'My_Plugin' }, 'its name is not'],
    ['a newer API', { ...sound, apiVersion: PLUGIN_API_VERSION + 1 }, 'written for version 2'],
    ['no API version', { ...sound, apiVersion: undefined }, 'written for version undefined'],
    ['an unknown field', { ...sound, modules: {} }, 'unknown field "modules"'],
    ['a requirement that is no name', { ...sound, requires: [7] }, '"requires" is no list'],
    ['no contributions', { ...sound, contributes: undefined }, '"contributes" is missing'],
    ['an unknown port', { ...sound, contributes: { handout: () => policy } }, 'no such port'],
    ['a port that is an object', { ...sound, contributes: { handoutPolicy: policy } }, 'is no function'],
    ['a scheduler without create', { ...sound, contributes: { chunkSchedulers: [{ name: 'x' }] } }, 'no create()'],
    [
      'a scheduler of ours',
      { ...sound, contributes: { chunkSchedulers: [{ name: 'random', create: () => 1 }] } },
      'ships with',
    ],
    ['an unknown server', { ...sound, module: { console: class {} } }, 'no such server'],
    ['a module that is no class', { ...sound, module: { peer: {} } }, 'is no class'],
    ['middleware', { ...sound, module: { peer: WithMiddleware } }, 'installs middleware'],
  ])('refuses %s', (_what, manifest, reason) => {
    expect(() => checkManifest(manifest, '@acme/p')).toThrow(
      expect.objectContaining({ code: 'plugin_invalid', message: expect.stringContaining(reason) }),
    );
  });
});
