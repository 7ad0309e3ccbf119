import { BencodeDictionary } from './bencode-dictionary.js';
import { asDictionary, asList, asPath } from './info-fields.js';

/**
 * What BitTorrent cannot say, in the key `panal` of `info`, which other clients skip (libtorrent 2.0.8 does, tested).
 * It is written only where it is needed, so that all other torrents have the infohash libtorrent gives them.
 *
 * - `empty directories`: a list of paths, each a list of names, of the directories with nothing in them.
 * - `directory`: 1 when the content is a directory although its only file bears its name, in v2, where that is the sign
 *   of a single file.
 */
export interface PanalExtension {
  readonly isDirectory: boolean;
  readonly emptyDirectories: readonly (readonly string[])[];
}

const KEY = 'panal';

/** @throws MetainfoError */
export function readExtension(info: BencodeDictionary): PanalExtension {
  const value = info.get(KEY);
  if (value === undefined) return { isDirectory: false, emptyDirectories: [] };
  const extension = asDictionary(value, 'info.panal');
  const where = 'info.panal["empty directories"]';
  const list = extension.get('empty directories');
  return {
    isDirectory: extension.get('directory') === 1,
    emptyDirectories: list === undefined ? [] : asList(list, where).map((path) => asPath(path, where)),
  };
}

/** The entry for `info`; its value is undefined when there is nothing to say. */
export function writeExtension({
  isDirectory,
  emptyDirectories,
}: PanalExtension): [string, BencodeDictionary | undefined] {
  if (!isDirectory && emptyDirectories.length === 0) return [KEY, undefined];
  const paths = emptyDirectories.map((path) => path.map((name) => Buffer.from(name, 'utf8')));
  return [
    KEY,
    BencodeDictionary.of([
      ['directory', isDirectory ? 1 : undefined],
      ['empty directories', paths.length > 0 ? paths : undefined],
    ]),
  ];
}
