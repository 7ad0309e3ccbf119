import { hash } from 'node:crypto';
import { ContentIdError } from './errors.js';

/** The identity of content: 32 bytes (v2 infohash), or 20 (v1 infohash) where there is only that. */
export type ContentId = Buffer;

/**
 * Reads 64 hexadecimal digits, or 40 for v1; upper or lower case.
 * @throws ContentIdError
 */
export function parseContentId(text: string): ContentId {
  const trimmed = text.trim();
  if (!/^(?:[0-9a-f]{64}|[0-9a-f]{40})$/i.test(trimmed)) throw new ContentIdError(text);
  return Buffer.from(trimmed, 'hex');
}

/** Lower-case hexadecimal digits: 64, or 40 for v1. */
export function formatContentId(contentId: Uint8Array): string {
  return Buffer.from(contentId.buffer, contentId.byteOffset, contentId.length).toString('hex');
}

/** SHA-1 of `bytes`: the identity of v1 content, and trusted for no more than that. */
export function sha1(bytes: Uint8Array): Buffer {
  return hash('sha1', bytes, 'buffer');
}
