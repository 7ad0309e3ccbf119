import { ManualClock, SeededRandom } from '@panal/runtime';
import { makeClientKey } from './client-key.js';
import { makeClusterKeyring } from './cluster-keyring.js';
import { ClientKeyCredentials, ClusterKeyCredentials } from './key-credentials.js';
import type { KeyDirectory, KnownKey } from './known-key.js';
import { TrackerCredentials } from './tracker-credentials.js';

const random = new SeededRandom(2);
const ring = makeClusterKeyring(random);
const NOW_MS = 1_800_000_000_000;
const key = makeClientKey({ cluster: 'panal', name: 'ci', signingPublicKey: ring.publicKeys[0] as Buffer }, random);
const renewed = makeClientKey(
  { cluster: 'panal', name: 'ci', signingPublicKey: key.signingPublicKey, id: key.id },
  random,
);
const known: KnownKey = {
  id: key.id.toString('hex'),
  name: 'ci',
  role: 'peer',
  namespaces: ['builds'],
  createdAtMs: NOW_MS,
  secrets: [{ secret: key.secret, validUntilMs: undefined }],
};

function makeTracker(changes: Partial<KnownKey> = {}, directory: Partial<KeyDirectory> = {}) {
  const clock = new ManualClock(NOW_MS);
  const keys: KeyDirectory = {
    isReady: true,
    find: (id) => (id === known.id ? { ...known, ...changes } : undefined),
    isRevoked: () => false,
    ...directory,
  };
  return { clock, credentials: new TrackerCredentials({ ring, keys, clock }) };
}

const shownBy = (one: typeof key) => new ClientKeyCredentials(one).begin().credential;

describe('a tracker', () => {
  it('admits a client as what its key is registered for', () => {
    const admission = makeTracker().credentials.admit(shownBy(key));
    expect(admission.secret).toEqual(key.secret);
    expect(admission.access).toEqual({ role: 'peer', keyId: known.id, namespaces: ['builds'], peerId: undefined });
    expect(admission.principal).toEqual({ role: 'peer', principal: 'peer:ci' });
    const admin = makeTracker({ role: 'admin' }).credentials.admit(shownBy(key));
    expect(admin.principal).toEqual({ role: 'client', principal: 'client:ci' });
  });

  it('admits members of the cluster, with a credential or, as before version 3, without', () => {
    const { credentials } = makeTracker();
    for (const shown of [undefined, new ClusterKeyCredentials(ring).begin().credential]) {
      expect(credentials.admit(shown)).toMatchObject({ secret: ring.key.secret, access: { role: 'member' } });
    }
  });

  it.each([
    ['key_unknown', { find: () => undefined }],
    ['key_revoked', { isRevoked: () => true }],
    ['access_not_ready', { isReady: false }],
  ] as const)('refuses with %s', (code, directory) => {
    expect(() => makeTracker({}, directory).credentials.admit(shownBy(key))).toThrow(expect.objectContaining({ code }));
  });

  it('admits with either secret while the client changes them, and with the old one no longer than it is valid', () => {
    const secrets = [
      { secret: renewed.secret, validUntilMs: undefined },
      { secret: key.secret, validUntilMs: NOW_MS + 1_000 },
    ];
    const { credentials, clock } = makeTracker({ secrets });
    expect(credentials.admit(shownBy(renewed)).secret).toEqual(renewed.secret);
    expect(credentials.admit(shownBy(key)).secret).toEqual(key.secret);
    clock.advance(1_000);
    expect(credentials.admit(shownBy(renewed)).secret).toEqual(renewed.secret);
    expect(() => credentials.admit(shownBy(key))).toThrow(expect.objectContaining({ code: 'key_mismatch' }));
  });

  it('takes a ticket for no key of a client', () => {
    const shown = { kind: 'ticket', ticket: Buffer.alloc(100), fingerprint: undefined } as const;
    expect(() => makeTracker().credentials.admit(shown)).toThrow(expect.objectContaining({ code: 'key_mismatch' }));
  });
});
