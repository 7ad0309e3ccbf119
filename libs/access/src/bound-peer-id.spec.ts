import { SeededRandom } from '@panal/runtime';
import { boundPeerId, mayHavePeerId } from './bound-peer-id.js';

const random = new SeededRandom(3);
const keyIdOf = (number: number): string => Buffer.alloc(16, number).toString('hex');

describe('a bound peer id', () => {
  it('is the same whenever it is made, and as it was: peers keep theirs over restarts and upgrades', () => {
    expect(boundPeerId(Buffer.alloc(16, 5), keyIdOf(1)).toString('hex')).toBe('0505050505057deb4ea32c1232f2f853');
    expect(boundPeerId(Buffer.alloc(6, 5), keyIdOf(1))).toEqual(boundPeerId(Buffer.alloc(16, 5), keyIdOf(1)));
  });

  it('may be had with its key, by no other key, nor with that of the cluster', () => {
    for (let round = 0; round < 200; round += 1) {
      const [own, other] = [random.bytes(16).toString('hex'), random.bytes(16).toString('hex')];
      const peerId = boundPeerId(random.bytes(16), own);
      expect(peerId).toHaveLength(16);
      expect([own, other, undefined].map((keyId) => mayHavePeerId(peerId, keyId))).toEqual([true, false, false]);
    }
  });

  it('is another one in each data folder of one key', () => {
    const ids = Array.from({ length: 1_000 }, () => boundPeerId(random.bytes(16), keyIdOf(1)).toString('hex'));
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every((id) => mayHavePeerId(Buffer.from(id, 'hex'), keyIdOf(1)))).toBe(true);
  });

  it('is spoilt by any change', () => {
    const peerId = boundPeerId(random.bytes(16), keyIdOf(1));
    for (let at = 0; at < 16; at += 1) {
      const changed = Buffer.from(peerId);
      changed.writeUInt8((changed.readUInt8(at) + 1) % 256, at);
      expect(mayHavePeerId(changed, keyIdOf(1))).toBe(false);
    }
  });
});

describe('a peer id chosen at random', () => {
  it('may be had with the key of the cluster, and with no client key', () => {
    for (let round = 0; round < 1_000; round += 1) {
      const peerId = random.bytes(16);
      expect([undefined, keyIdOf(1)].map((keyId) => mayHavePeerId(peerId, keyId))).toEqual([true, false]);
    }
  });
});
