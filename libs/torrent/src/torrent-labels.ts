import type { BencodeDictionary, BencodeValue } from './bencode-dictionary.js';
import { LABEL_SIZE_MAX, TRACKER_COUNT_MAX } from './limits.js';
import type { Metainfo } from './metainfo.js';
import { textOf } from './path-rules.js';

type Labels = Pick<Metainfo, 'comment' | 'createdBy' | 'trackers'>;

/**
 * What a torrent file says beside its content. No hash covers it and nothing depends on it, so what is malformed is left
 * out instead of refused.
 * @see https://www.bittorrent.org/beps/bep_0012.html
 */
export function readLabels(root: BencodeDictionary): Labels {
  return {
    comment: labelOf(root.get('comment')),
    createdBy: labelOf(root.get('created by')),
    trackers: trackersOf(root),
  };
}

function trackersOf(root: BencodeDictionary): readonly string[] {
  const found = new Set<string>();
  const take = (value: BencodeValue | undefined): void => {
    const tracker = labelOf(value);
    if (tracker !== undefined && tracker !== '' && found.size < TRACKER_COUNT_MAX) found.add(tracker);
  };
  take(root.get('announce'));
  const tiers = root.get('announce-list');
  for (const tier of listOf(tiers)) for (const tracker of listOf(tier)) take(tracker);
  return [...found];
}

function listOf(value: BencodeValue | undefined): readonly BencodeValue[] {
  return Array.isArray(value) ? (value as readonly BencodeValue[]) : [];
}

function labelOf(value: BencodeValue | undefined): string | undefined {
  return Buffer.isBuffer(value) && value.length <= LABEL_SIZE_MAX ? textOf(value) : undefined;
}
