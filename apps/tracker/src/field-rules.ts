import {
  CONTENT_ID_SIZES,
  HEARTBEAT_TORRENTS_MAX,
  type HeartbeatTorrent,
  HOST_SIZE_MAX,
  isHybridTime,
  isNamespace,
  isNodeName,
  isTorrentName,
  PEER_ID_SIZE,
  PEER_LABEL_SIZE_MAX,
  PEER_LABELS_MAX,
  TITLE_SIZE_MAX,
} from '@panal/wire';
import { ValidateBy } from 'class-validator';

/** What a field of a tracker message may be: one rule a field, so that a message costs little to check. */
type Rule = PropertyDecorator;

function rule(name: string, isValid: (value: unknown) => boolean, mustBe: string): Rule {
  return ValidateBy({ name, validator: { validate: isValid, defaultMessage: () => `$property must be ${mustBe}` } });
}

export const IsNamespace = (): Rule =>
  rule('isNamespace', (value) => typeof value === 'string' && isNamespace(value), 'a namespace, such as "default"');

/** Of a peer, or of anything else that is named as servers are. */
export const IsNodeName = (): Rule =>
  rule(
    'isNodeName',
    (value) => typeof value === 'string' && isNodeName(value),
    '1 to 64 letters, digits, ".", "_" or "-", starting with a letter or digit',
  );

export const IsTorrentName = (): Rule =>
  rule('isTorrentName', (value) => typeof value === 'string' && isTorrentName(value), 'a name such as "llm:v3"');

export const IsTitle = (): Rule =>
  rule(
    'isTitle',
    (value) => typeof value === 'string' && value.length <= TITLE_SIZE_MAX,
    `a text of at most ${TITLE_SIZE_MAX} characters`,
  );

export const IsContentId = (): Rule => rule('isContentId', isContentId, 'a content id of 20 or 32 bytes');

export const IsPeerId = (): Rule =>
  rule('isPeerId', (value) => value instanceof Uint8Array && value.length === PEER_ID_SIZE, `${PEER_ID_SIZE} bytes`);

export const IsBytesOf = (size: number): Rule =>
  rule('isBytesOf', (value) => value instanceof Uint8Array && value.length === size, `${size} bytes`);

export const IsBytesUpTo = (sizeMax: number): Rule =>
  rule('isBytesUpTo', (value) => value instanceof Uint8Array && value.length <= sizeMax, `at most ${sizeMax} bytes`);

export const IsBytes = (): Rule => rule('isBytes', (value) => value instanceof Uint8Array, 'bytes');

export const IsWholeNumber = (min: number, max = Number.MAX_SAFE_INTEGER): Rule =>
  rule(
    'isWholeNumber',
    (value) => Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max,
    `a whole number from ${min} to ${max}`,
  );

export const IsPort = (): Rule => IsWholeNumber(1, 65_535);

export const IsClock = (): Rule =>
  rule('isClock', (value) => typeof value === 'number' && isHybridTime(value), 'a stamp of a hybrid clock');

export const IsHost = (): Rule =>
  rule(
    'isHost',
    (value) => typeof value === 'string' && value.length <= HOST_SIZE_MAX && /^[\w.:%-]+$/.test(value),
    'a host name or an IP address without brackets',
  );

export const IsLabels = (): Rule =>
  rule(
    'isLabels',
    isLabels,
    `at most ${PEER_LABELS_MAX} texts by name, each of at most ${PEER_LABEL_SIZE_MAX} characters`,
  );

/** Checked by hand: a heartbeat has up to 16,384 of them, and a DTO class for each would cost a tenth of a second. */
export const IsHeartbeatTorrents = (): Rule =>
  rule(
    'isHeartbeatTorrents',
    (value) => Array.isArray(value) && value.length <= HEARTBEAT_TORRENTS_MAX && value.every(isHeartbeatTorrent),
    `a list of at most ${HEARTBEAT_TORRENTS_MAX} of { hash, isComplete }`,
  );

function isHeartbeatTorrent(value: unknown): value is HeartbeatTorrent {
  if (typeof value !== 'object' || value === null) return false;
  const { hash, isComplete } = value as Record<string, unknown>;
  return isContentId(hash) && typeof isComplete === 'boolean';
}

function isContentId(value: unknown): boolean {
  return value instanceof Uint8Array && CONTENT_ID_SIZES.includes(value.length);
}

function isLabels(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const labels = Object.entries(value);
  const isText = (text: unknown) => typeof text === 'string' && text.length <= PEER_LABEL_SIZE_MAX;
  return labels.length <= PEER_LABELS_MAX && labels.every(([name, text]) => isText(name) && isText(text));
}
