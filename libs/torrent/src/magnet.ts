import { type ContentId, formatContentId } from './content-id.js';
import { MagnetError } from './errors.js';
import { MAGNET_SIZE_MAX, PATH_COMPONENT_SIZE_MAX, TRACKER_COUNT_MAX } from './limits.js';
import type { Metainfo } from './metainfo.js';

/** What a magnet link says. At least one infohash is there. */
export interface MagnetLink {
  /** `infoHashV2` where there is one, else `infoHashV1`. */
  readonly contentId: ContentId;
  readonly infoHashV1?: Buffer;
  readonly infoHashV2?: Buffer;
  /** To show until the torrent is known. Never a path: nothing checked it. */
  readonly name?: string;
  /** As written, each once. */
  readonly trackers: readonly string[];
}

/** The multihash prefix of a SHA-256: function 0x12, 0x20 bytes. */
const MULTIHASH_SHA256 = '1220';

/**
 * Reads a magnet link: `xt` with `urn:btmh:` (v2) or `urn:btih:` (v1, hexadecimal or base32), `dn`, `tr`. Other
 * parameters are ignored; a choice of files (`so`, BEP 53) too, since Panal fetches the whole content.
 * @throws MagnetError
 * @see https://www.bittorrent.org/beps/bep_0009.html
 * @see https://www.bittorrent.org/beps/bep_0053.html
 */
export function parseMagnet(text: string): MagnetLink {
  const link = text.trim();
  if (link.length > MAGNET_SIZE_MAX) throw new MagnetError(`it is longer than ${MAGNET_SIZE_MAX} characters`);
  if (!/^magnet:\?/i.test(link)) throw new MagnetError('it does not begin with "magnet:?"');
  let infoHashV1: Buffer | undefined;
  let infoHashV2: Buffer | undefined;
  let name: string | undefined;
  const trackers = new Set<string>();
  for (const [key, value] of parametersOf(link)) {
    if (key === 'xt' && /^urn:btmh:/i.test(value)) infoHashV2 = once(infoHashV2, readBtmh(value));
    else if (key === 'xt' && /^urn:btih:/i.test(value)) infoHashV1 = once(infoHashV1, readBtih(value));
    else if (key === 'dn' && name === undefined && value !== '') name = value.slice(0, PATH_COMPONENT_SIZE_MAX);
    else if (key === 'tr' && value !== '' && trackers.size < TRACKER_COUNT_MAX) trackers.add(value);
  }
  const contentId = infoHashV2 ?? infoHashV1;
  if (contentId === undefined) throw new MagnetError('it has no "xt=urn:btmh:" or "xt=urn:btih:"');
  return { contentId, infoHashV1, infoHashV2, name, trackers: [...trackers] };
}

/** A magnet link to the content, with every infohash it has. */
export function formatMagnet(
  { infoHashV1, infoHashV2, name }: Pick<Metainfo, 'infoHashV1' | 'infoHashV2' | 'name'>,
  { trackers = [] }: { readonly trackers?: readonly string[] } = {},
): string {
  const parameters: string[] = [];
  if (infoHashV1 !== undefined) parameters.push(`xt=urn:btih:${formatContentId(infoHashV1)}`);
  if (infoHashV2 !== undefined) parameters.push(`xt=urn:btmh:${MULTIHASH_SHA256}${formatContentId(infoHashV2)}`);
  parameters.push(`dn=${encodeURIComponent(name)}`);
  for (const tracker of trackers) parameters.push(`tr=${encodeURIComponent(tracker)}`);
  return `magnet:?${parameters.join('&')}`;
}

/** Keys lose the number that some makers add (`xt.1`). */
function* parametersOf(link: string): IterableIterator<readonly [string, string]> {
  for (const parameter of link.slice(link.indexOf('?') + 1).split('&')) {
    const equals = parameter.indexOf('=');
    if (equals < 0) continue;
    const key = parameter
      .slice(0, equals)
      .toLowerCase()
      .replace(/\.\d+$/, '');
    yield [key, decodePercent(parameter.slice(equals + 1))];
  }
}

function decodePercent(value: string): string {
  try {
    return decodeURIComponent(value.replaceAll('+', ' '));
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    throw new MagnetError('it has a malformed "%" sequence');
  }
}

function once(known: Buffer | undefined, found: Buffer): Buffer {
  if (known !== undefined && !known.equals(found)) throw new MagnetError('it names two different contents');
  return found;
}

function readBtmh(value: string): Buffer {
  const digits = value.slice('urn:btmh:'.length);
  if (!/^1220[0-9a-f]{64}$/i.test(digits))
    throw new MagnetError('"urn:btmh:" must be followed by 1220 and 64 hexadecimal digits');
  return Buffer.from(digits.slice(MULTIHASH_SHA256.length), 'hex');
}

function readBtih(value: string): Buffer {
  const digits = value.slice('urn:btih:'.length);
  if (/^[0-9a-f]{40}$/i.test(digits)) return Buffer.from(digits, 'hex');
  if (/^[a-z2-7]{32}$/i.test(digits)) return decodeBase32(digits.toUpperCase());
  throw new MagnetError('"urn:btih:" must be followed by 40 hexadecimal digits or 32 of base32');
}

/** RFC 4648, without padding. */
function decodeBase32(digits: string): Buffer {
  let bits = 0n;
  for (const digit of digits) bits = (bits << 5n) | BigInt('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(digit));
  return Buffer.from(bits.toString(16).padStart(40, '0'), 'hex');
}
