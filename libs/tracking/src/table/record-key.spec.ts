import { EVERYWHERE, RECORD_KEY_SIZE_MAX, slotOf } from '@panal/cluster';
import fc from 'fast-check';
import {
  encodeRecordKey,
  entryKeyParts,
  isEntryKey,
  parseRecordKey,
  type RecordKey,
  slotOfKey,
  slotOfTorrent,
} from './record-key.js';

const id = (size: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength: size, maxLength: size }).map((bytes) => Buffer.from(bytes));
const text = (maxLength: number): fc.Arbitrary<string> => fc.stringMatching(/^[a-z0-9][a-z0-9._-]*$/, { maxLength });
const torrent = { namespace: text(64), contentId: fc.oneof(id(20), id(32)) };
const anyKey: fc.Arbitrary<RecordKey> = fc.oneof(
  fc.record({ kind: fc.constant('peer' as const), peerId: id(16) }),
  fc.record({ kind: fc.constant('entry' as const), ...torrent, peerId: id(16) }),
  fc.record({ kind: fc.constantFrom('metadata' as const, 'about' as const), ...torrent }),
  fc.record({ kind: fc.constantFrom('key' as const, 'revocation' as const), keyId: id(16) }),
  fc.record({ kind: fc.constant('name' as const), name: text(128), ...torrent }),
);

describe('record keys', () => {
  it('are read back as they were written, and fit the cluster', () => {
    fc.assert(
      fc.property(anyKey, (key) => {
        const bytes = encodeRecordKey(key);
        expect(parseRecordKey(bytes)).toEqual(key);
        expect(bytes.length).toBeLessThanOrEqual(RECORD_KEY_SIZE_MAX);
        expect(isEntryKey(bytes)).toBe(key.kind === 'entry');
      }),
    );
  });

  it('have one form each: whatever is parsed is what would be written', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 80 }).map((raw) => Buffer.from(raw)),
      fc.tuple(anyKey, fc.nat(120), fc.nat(255)).map(([key, at, value]) => {
        const changed = encodeRecordKey(key);
        changed[at % changed.length] = value;
        return changed;
      }),
      fc.tuple(anyKey, fc.nat(120)).map(([key, end]) => encodeRecordKey(key).subarray(0, end)),
    );
    fc.assert(
      fc.property(bytes, (one) => {
        const key = parseRecordKey(one);
        expect(key === undefined ? one : encodeRecordKey(key)).toEqual(one);
        expect(isEntryKey(one)).toBe(key?.kind === 'entry');
      }),
      { numRuns: 2_000 },
    );
  });

  it('tell where the parts of an entry are', () => {
    fc.assert(
      fc.property(fc.record({ kind: fc.constant('entry' as const), ...torrent, peerId: id(16) }), (key) => {
        const bytes = encodeRecordKey(key);
        const { namespaceSize, contentIdAt, contentIdSize, peerIdAt } = entryKeyParts(bytes);
        expect(bytes.toString('latin1', 2, 2 + namespaceSize)).toBe(key.namespace);
        expect(bytes.subarray(contentIdAt, contentIdAt + contentIdSize)).toEqual(key.contentId);
        expect(bytes.subarray(peerIdAt)).toEqual(key.peerId);
      }),
    );
  });

  it('place all that belongs to a torrent in its slot, and peers and names everywhere', () => {
    const contentId = Buffer.alloc(32, 7);
    const ofTorrent = slotOf(Buffer.concat([Buffer.from('default'), contentId]));
    expect(slotOfTorrent({ namespace: 'default', hash: contentId })).toBe(ofTorrent);
    const peerId = Buffer.alloc(16, 1);
    const namespace = 'default';
    expect(slotOfKey(encodeRecordKey({ kind: 'entry', namespace, contentId, peerId }))).toBe(ofTorrent);
    expect(slotOfKey(encodeRecordKey({ kind: 'metadata', namespace, contentId }))).toBe(ofTorrent);
    expect(slotOfKey(encodeRecordKey({ kind: 'about', namespace, contentId }))).toBe(ofTorrent);
    expect(slotOfKey(encodeRecordKey({ kind: 'name', namespace, name: 'a', contentId }))).toBe(EVERYWHERE);
    expect(slotOfKey(encodeRecordKey({ kind: 'peer', peerId }))).toBe(EVERYWHERE);
  });

  it('of a later version have no slot here', () => {
    expect(() => slotOfKey(Buffer.from([9, 1, 0]))).toThrow(expect.objectContaining({ code: 'record_key_malformed' }));
  });
});
