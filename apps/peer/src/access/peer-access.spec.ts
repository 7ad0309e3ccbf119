import { type AccessKey, boundPeerId, keyringOf, makeClientKey, makeClusterKey } from '@panal/access';
import { type Logger, ManualClock, SeededRandom, silentLogger } from '@panal/runtime';
import { PeerAccess } from './peer-access.js';

const random = new SeededRandom(6);
const folderId = random.bytes(16);
const signingPublicKey = random.bytes(32);
const member: AccessKey = { kind: 'cluster', ring: keyringOf(makeClusterKey(random)) };

function keyOf(id = random.bytes(16)): AccessKey & { readonly kind: 'client' } {
  return { kind: 'client', key: makeClientKey({ cluster: 'c', name: 'ada', signingPublicKey, id }, random) };
}

function accessWith(key: AccessKey, { logger = silentLogger, folder = folderId } = {}): PeerAccess {
  const clock = new ManualClock();
  const ask = (): Promise<never> => Promise.reject(new Error('away'));
  const ports = { clock, timers: clock, random, logger };
  return new PeerAccess({ ...ports, key, cluster: 'c', name: 'ada', folderId: folder, ask });
}

describe('PeerAccess', () => {
  it('gives the peer an id that is bound to its key, and stays with it when the secret is replaced', () => {
    const key = keyOf();
    const { peerId } = accessWith(key);
    expect(peerId).toEqual(boundPeerId(folderId, key.key.id.toString('hex')));
    expect(accessWith(keyOf(key.key.id)).peerId).toEqual(peerId);
    expect(accessWith(keyOf()).peerId).not.toEqual(peerId);
    expect(accessWith(key, { folder: random.bytes(16) }).peerId).not.toEqual(peerId);
  });

  it('leaves the peer the id of its folder with the key of the cluster, as it was before there were others', () => {
    expect(accessWith(member).peerId).toEqual(folderId);
  });

  it('ends for good when the key of this peer is revoked, and not with another', () => {
    const errors: string[] = [];
    const logger: Logger = { ...silentLogger, error: (message) => void errors.push(message) };
    const key = keyOf();
    const access = accessWith(key, { logger });
    access.revocations.learn(['ff'.repeat(16)], 0);
    expect([access.isRevoked, errors]).toEqual([false, []]);
    expect(() => access.toPeers.begin()).toThrow('no ticket yet');
    access.revocations.learn([key.key.id.toString('hex')], 0);
    access.revocations.learn([], Number.MAX_SAFE_INTEGER);
    expect([access.isRevoked, errors.length]).toEqual([true, 1]);
    expect(() => access.toPeers.begin()).toThrow('key_revoked');
  });
});
