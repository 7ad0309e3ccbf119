import { inspect } from 'node:util';
import {
  type ClusterKeyring,
  encodeNewKey,
  isSealedWith,
  keyringOf,
  makeClusterKey,
  REVOCATION_TOLD_MS,
  rotateClusterKeyring,
  sealingKeyOf,
  sealSecret,
} from '@panal/access';
import { EVERYWHERE } from '@panal/cluster';
import { ManualClock, SeededRandom } from '@panal/runtime';
import { HybridClock, MEMBER_ACCESS } from '@panal/wire';
import { KeyRegistry } from './key-registry.js';
import { KEYS_PATIENCE_MS, REVOKED_KEYS_LIFE_MS } from './limits.js';
import { LocalReplicas } from './local-replicas.fixture.js';
import { keyRecordKey } from './record-keys.js';
import { RecordMaker } from './record-maker.js';
import { TrackerTable } from './table/tracker-table.js';

const random = new SeededRandom(4);
const ring = keyringOf(makeClusterKey(random));
const admin = { ...MEMBER_ACCESS, role: 'admin' as const, keyId: '01'.repeat(16) };
const idOf = (number: number): Buffer => Buffer.alloc(16, number);
const secretOf = (number: number): Buffer => Buffer.alloc(32, number);

/** A tracker's registry, on a table that may be another tracker's, too. */
function makeRegistry(given: ClusterKeyring = ring, table?: TrackerTable) {
  const clock = new ManualClock();
  const lives = { softMs: 45 * 60_000, durableTombstoneMs: 10 * 24 * 60 * 60_000 };
  const records = table ?? new TrackerTable({ seed: { low: 1, high: 2 }, lives, random });
  const replicas = new LocalReplicas({ clock, table: records });
  const make = new RecordMaker({ clock, hybridClock: new HybridClock(), selfId: replicas.selfId, lifeMs: 1_000 });
  const registry = new KeyRegistry({ clock, random, make, replicas, ring: given, keyCountMax: 3 });
  const stop = records.watch((change) => {
    if (change.kind === 'entry') return;
    if (change.key.kind === 'key') registry.follow(change.key.keyId, change.after);
    if (change.key.kind === 'revocation') registry.followRevocation(change.key.keyId, change.after);
  });
  for (const record of records.records(EVERYWHERE)) {
    if (record.key[0] === 6) registry.follow(record.key.subarray(2), record);
  }
  const seal = (text: Buffer, id: Buffer, key = given.key) => sealSecret(text, sealingKeyOf(key), id, random);
  const create = (number: number, name = `key-${number}`, changes: object = {}) => {
    const text = encodeNewKey({ name, role: 'peer', namespaces: ['default'], secret: secretOf(number), ...changes });
    return registry.create({ id: idOf(number), sealed: seal(text, idOf(number)) }, MEMBER_ACCESS);
  };
  const record = (number: number) => records.get(keyRecordKey('key', idOf(number)), EVERYWHERE);
  const hex = (number: number) => idOf(number).toString('hex');
  return { clock, records, replicas, registry, seal, create, record, hex, stop };
}

describe('KeyRegistry', () => {
  it('knows a key that was registered, and keeps it so that nobody else can read it', async () => {
    const { registry, create, record, hex } = makeRegistry();
    expect(await create(1)).toEqual({ copies: 1 });
    expect(registry.find(hex(1))).toMatchObject({ name: 'key-1', role: 'peer', secrets: [{ secret: secretOf(1) }] });
    const { value } = record(1) as { value: Buffer };
    expect(value.includes(secretOf(1))).toBe(false);
    expect(value.includes('key-1')).toBe(false);
    expect(value.includes(secretOf(1).toString('base64url'))).toBe(false);
  });

  it('shows no secret in a list', async () => {
    const { registry, create } = makeRegistry();
    await create(2);
    await create(1, 'ci', { role: 'admin', namespaces: ['*'] });
    const { keys } = registry.list({ namespace: 'default', countMax: 10 });
    expect(keys.map(({ name }) => name)).toEqual(['ci', 'key-2']);
    expect(keys[0]).toEqual({
      id: idOf(1),
      name: 'ci',
      role: 'admin',
      namespaces: ['*'],
      createdAt: expect.any(Number) as number,
      revokedAt: null,
      secretCount: 1,
    });
    expect(inspect(keys, { depth: 9 })).not.toContain(secretOf(1).toString('hex').slice(0, 6));
    const page = registry.list({ namespace: 'default', countMax: 1 });
    expect([page.keys[0]?.name, page.next]).toEqual(['ci', idOf(1)]);
    expect(registry.list({ namespace: 'default', countMax: 9, after: idOf(1) })).toMatchObject({
      keys: [{ name: 'key-2' }],
    });
  });

  it('takes the same key twice, and no second one of its name or id', async () => {
    const { create } = makeRegistry();
    await create(1);
    await expect(create(1)).resolves.toEqual({ copies: 1 });
    await expect(create(2, 'key-1')).rejects.toMatchObject({ code: 'client_key_exists' });
    await expect(create(1, 'other')).rejects.toMatchObject({ code: 'client_key_exists' });
  });

  it('refuses what it cannot open: sealed with another key, for another id, or no key at all', async () => {
    const { registry, seal } = makeRegistry();
    const text = encodeNewKey({ name: 'a', role: 'peer', namespaces: ['default'], secret: secretOf(1) });
    const refused = { code: 'client_key_unreadable' };
    const create = (sealed: Buffer) => registry.create({ id: idOf(1), sealed }, MEMBER_ACCESS);
    await expect(create(seal(text, idOf(1), makeClusterKey(random)))).rejects.toMatchObject(refused);
    await expect(create(seal(text, idOf(2)))).rejects.toMatchObject(refused);
    await expect(create(seal(Buffer.from('{}'), idOf(1)))).rejects.toMatchObject(refused);
    await expect(create(text)).rejects.toMatchObject(refused);
    await expect(
      create(
        seal(encodeNewKey({ name: 'a', role: 'member' as 'peer', namespaces: ['a'], secret: secretOf(1) }), idOf(1)),
      ),
    ).rejects.toMatchObject(refused);
  });

  it('takes a key from an admin that has no cluster key, sealed with the secret of the admin', async () => {
    const { registry, create, seal, hex } = makeRegistry();
    await create(1, 'root', { role: 'admin' });
    const text = encodeNewKey({ name: 'b', role: 'peer', namespaces: ['default'], secret: secretOf(2) });
    const sealed = sealSecret(text, sealingKeyOf({ secret: secretOf(1) }), idOf(2), random);
    await registry.create({ id: idOf(2), sealed }, admin);
    expect(registry.find(hex(2))?.name).toBe('b');
    await expect(registry.create({ id: idOf(3), sealed: seal(text, idOf(3)) }, admin)).rejects.toMatchObject({
      code: 'client_key_unreadable',
    });
  });

  it('is full at some point, and says so', async () => {
    const { create } = makeRegistry();
    for (const number of [1, 2, 3]) await create(number);
    await expect(create(4)).rejects.toMatchObject({ code: 'tracker_full' });
  });

  it('changes a secret: both are good, then the new one alone', async () => {
    const { registry, create, seal, hex, clock } = makeRegistry();
    await create(1);
    const rotate = (number: number, oldUntil?: number) =>
      registry.rotate(
        {
          namespace: 'default',
          id: idOf(1),
          sealed: seal(Buffer.from(secretOf(number).toString('base64url')), idOf(1)),
          ...(oldUntil === undefined ? {} : { oldUntil }),
        },
        MEMBER_ACCESS,
      );
    const secrets = () => registry.find(hex(1))?.secrets.map(({ secret, validUntilMs }) => [secret[0], validUntilMs]);
    expect(await rotate(7)).toMatchObject({ secretCount: 2 });
    expect(secrets()).toEqual([
      [7, undefined],
      [1, undefined],
    ]);
    // Again, because the answer was lost: nothing changes.
    await rotate(7);
    expect(secrets()).toHaveLength(2);
    await rotate(8, clock.nowMs() + 5);
    expect(secrets()).toEqual([
      [8, undefined],
      [7, clock.nowMs() + 5],
    ]);
    expect(registry.list({ namespace: 'default', countMax: 1 }).keys[0]?.secretCount).toBe(2);
    clock.advance(5);
    expect(registry.list({ namespace: 'default', countMax: 1 }).keys[0]?.secretCount).toBe(1);
    expect(await registry.rotate({ namespace: 'default', id: idOf(1) }, MEMBER_ACCESS)).toMatchObject({
      secretCount: 1,
    });
    expect(secrets()).toEqual([[8, undefined]]);
    await expect(registry.rotate({ namespace: 'default', id: idOf(9) }, MEMBER_ACCESS)).rejects.toMatchObject({
      code: 'client_key_missing',
    });
  });

  it('revokes for good, tells at once, and whatever becomes of the key afterwards, it stays revoked', async () => {
    const { registry, create, hex } = makeRegistry();
    const told: string[] = [];
    registry.onRevoked((keyId) => told.push(keyId));
    await create(1);
    expect(await registry.revoke({ id: idOf(1) })).toEqual({ copies: 1, wasRevoked: false });
    expect([registry.isRevoked(hex(1)), told]).toEqual([true, [hex(1)]]);
    expect(await registry.revoke({ id: idOf(1) })).toMatchObject({ wasRevoked: true });
    await create(1);
    expect(registry.isRevoked(hex(1))).toBe(true);
    await expect(registry.rotate({ namespace: 'default', id: idOf(1) }, MEMBER_ACCESS)).rejects.toMatchObject({
      code: 'client_key_missing',
    });
    await expect(registry.revoke({ id: idOf(9) })).rejects.toMatchObject({ code: 'client_key_missing' });
    await create(2, 'key-1');
    expect(told).toEqual([hex(1)]);
  });

  it('tells peers of revocations for as long as a ticket of the key may live', async () => {
    const { registry, create, clock } = makeRegistry();
    for (const number of [1, 2]) await create(number);
    expect(registry.recentlyRevoked()).toEqual([]);
    await registry.revoke({ id: idOf(1) });
    clock.advance(10);
    await registry.revoke({ id: idOf(2) });
    expect(registry.recentlyRevoked()).toEqual([idOf(2), idOf(1)]);
    clock.advance(REVOCATION_TOLD_MS - 10);
    expect(registry.recentlyRevoked()).toEqual([idOf(2)]);
    clock.advance(10);
    expect(registry.recentlyRevoked()).toEqual([]);
  });

  it('forgets what was revoked long ago, and then has room again', async () => {
    const { registry, create, clock, hex } = makeRegistry();
    for (const number of [1, 2, 3]) await create(number);
    await registry.revoke({ id: idOf(1) });
    clock.advance(REVOKED_KEYS_LIFE_MS);
    await registry.tidy();
    expect([registry.find(hex(1)), registry.isRevoked(hex(1))]).toEqual([undefined, false]);
    await create(4);
    expect(registry.counts).toEqual({ good: 3, revoked: 0, unreadable: 0 });
  });

  it('decides nothing while other trackers may know more, and goes by what it has when none is heard for long', () => {
    const { registry, replicas, clock } = makeRegistry();
    expect(registry.isReady).toBe(true);
    replicas.isAuthoritative = () => false;
    expect(registry.isReady).toBe(false);
    clock.advance(KEYS_PATIENCE_MS);
    expect(registry.isReady).toBe(true);
  });
});

describe('keys of clients while the cluster key is replaced', () => {
  const accepting = rotateClusterKeyring(ring, 'begin', random);
  const using = rotateClusterKeyring(accepting, 'use', random);
  const done = rotateClusterKeyring(using, 'finish', random);

  it('are sealed anew with the key in use, and readable with it alone at the end', async () => {
    const before = makeRegistry(ring);
    await before.create(1);
    before.stop();
    const during = makeRegistry(using, before.records);
    expect(during.registry.find(during.hex(1))?.name).toBe('key-1');
    const stamp = (during.record(1) as { clock: number }).clock;
    await during.registry.tidy();
    expect(isSealedWith((during.record(1) as { value: Buffer }).value, sealingKeyOf(using.key).fingerprint)).toBe(true);
    // So that a change made elsewhere meanwhile wins over it.
    expect((during.record(1) as { clock: number }).clock).toBe(stamp + 1);
    during.stop();
    const after = makeRegistry(done, before.records);
    expect(after.registry.find(after.hex(1))?.secrets[0]?.secret).toEqual(secretOf(1));
  });

  it('show as unreadable to a tracker that has neither key, and can be revoked there all the same', async () => {
    const before = makeRegistry(ring);
    await before.create(1);
    before.stop();
    const other = makeRegistry(done, before.records);
    expect(other.registry.counts).toEqual({ good: 0, revoked: 0, unreadable: 1 });
    await other.registry.revoke({ id: idOf(1) });
    expect(other.registry.isRevoked(other.hex(1))).toBe(true);
  });
});
