import fc from 'fast-check';
import { MagnetError } from './errors.js';
import { MAGNET_SIZE_MAX, TRACKER_COUNT_MAX } from './limits.js';
import { formatMagnet, parseMagnet } from './magnet.js';

const V1 = '0123456789abcdef0123456789abcdef01234567';
const V2 = 'ab'.repeat(32);

describe('parseMagnet', () => {
  it('reads v2, v1 and both, and prefers v2', () => {
    expect(parseMagnet(`magnet:?xt=urn:btmh:1220${V2}`)).toMatchObject({
      contentId: Buffer.from(V2, 'hex'),
      infoHashV1: undefined,
    });
    expect(parseMagnet(`magnet:?xt=urn:btih:${V1}`).contentId).toEqual(Buffer.from(V1, 'hex'));
    const both = parseMagnet(`magnet:?xt.1=urn:btih:${V1}&xt.2=urn:btmh:1220${V2}`);
    expect(both.contentId).toEqual(both.infoHashV2);
    expect(both.infoHashV1).toEqual(Buffer.from(V1, 'hex'));
  });

  it('reads base32, upper-case digits, and parameters it does not know', () => {
    const base32 = 'AERUKZ4JVPG66AJDIVTYTK6N54ASGRLH';
    expect(parseMagnet(`magnet:?so=0,2-4&xt=urn:btih:${base32}&x.pe=[::1]:1`).contentId.toString('hex')).toBe(V1);
    expect(parseMagnet(` MAGNET:?xt=URN:BTIH:${V1.toUpperCase()}\n`).contentId.toString('hex')).toBe(V1);
  });

  it('reads name and trackers, percent-decoded, each tracker once', () => {
    const link = `magnet:?xt=urn:btih:${V1}&dn=a+%C3%B1%26&tr=http%3A%2F%2Ft%2Fa&tr.2=udp://u&tr=udp://u`;
    expect(parseMagnet(link)).toMatchObject({ name: 'a \u00f1&', trackers: ['http://t/a', 'udp://u'] });
  });

  it('bounds the trackers it keeps', () => {
    const trackers = Array.from({ length: 100 }, (_, index) => `tr=t${index}`).join('&');
    expect(parseMagnet(`magnet:?xt=urn:btih:${V1}&${trackers}`).trackers).toHaveLength(TRACKER_COUNT_MAX);
  });

  it.each([
    ['', /magnet:\?/],
    ['http://example.org', /magnet:\?/],
    ['magnet:?dn=x', /has no "xt/],
    ['magnet:?xt=urn:sha1:ABC', /has no "xt/],
    [`magnet:?xt=urn:btih:${V1.slice(1)}`, /40 hex/],
    [`magnet:?xt=urn:btmh:${V2}`, /1220/],
    [`magnet:?xt=urn:btmh:1220${V2}00`, /1220/],
    [`magnet:?xt=urn:btih:${V1}&xt=urn:btih:${V1.replace('0', '1')}`, /two different/],
    [`magnet:?xt=urn:btih:${V1}&dn=%zz`, /"%"/],
    [`magnet:?xt=urn:btih:${V1}&dn=%ff`, /"%"/],
    [`magnet:?xt=urn:btih:${V1}&dn=${'x'.repeat(MAGNET_SIZE_MAX)}`, /longer/],
  ])('refuses %.40j', (link, message) => {
    expect(() => parseMagnet(link)).toThrow(MagnetError);
    expect(() => parseMagnet(link)).toThrow(message);
  });
});

describe('formatMagnet', () => {
  it('is undone by parseMagnet', () => {
    const hash = (length: number) =>
      fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => Buffer.from(bytes));
    const label = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(
        fc.option(hash(20), { nil: undefined }),
        hash(32),
        label,
        fc.uniqueArray(label),
        (v1, v2, name, trackers) => {
          const metainfo = { infoHashV1: v1, infoHashV2: v2, name };
          const link = formatMagnet(metainfo, { trackers });
          expect(parseMagnet(link)).toEqual({
            ...metainfo,
            contentId: v2,
            trackers: trackers.slice(0, TRACKER_COUNT_MAX),
          });
        },
      ),
    );
  });
});
