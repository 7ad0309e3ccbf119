import { isUtf8 } from 'node:buffer';
import { PathError, type PathFault } from './errors.js';
import { PATH_COMPONENT_SIZE_MAX, PATH_DEPTH_MAX, PATH_SIZE_MAX } from './limits.js';

/** Printable ASCII without `/ \ :`, at most as long as any limit asks, not beginning with a dot: nothing to look at. */
const PLAIN_COMPONENT = /^[0-9A-Z_a-z()+,=@[\]{}~ -][0-9A-Z_a-z()+,.=@[\]{}~ -]{0,200}$/;

/** Names that open a device on Windows, with any extension, in any folder. */
const DEVICE_NAME = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$|clock\$)(?: *\..*| *)$/i;
const DEVICE_START = /^[acnplACNPL]/;

/**
 * Refuses a path that could be written outside its folder, or that some system Panal runs on cannot hold. The same on
 * every system, so that what one peer shares every other peer can store.
 * @throws PathError
 */
export function checkPath(path: readonly string[]): void {
  if (path.length === 0) throw new PathError('empty', path, 'it has no name in it');
  if (path.length > PATH_DEPTH_MAX) {
    throw new PathError('too_deep', path, `it lies deeper than ${PATH_DEPTH_MAX} directories`);
  }
  let sizeBytes = path.length - 1;
  for (const component of path) {
    const fault = faultOfComponent(component);
    if (fault !== undefined) throw new PathError(fault, path, FAULT_TEXTS[fault]);
    sizeBytes += Buffer.byteLength(component);
  }
  if (sizeBytes > PATH_SIZE_MAX) throw new PathError('too_long', path, `it is longer than ${PATH_SIZE_MAX} bytes`);
}

/**
 * Refuses a name for the content itself: what `checkPath` refuses, and `.panal`, where unfinished downloads lie beside it.
 * @throws PathError
 */
export function checkContentName(name: string): void {
  checkPath([name]);
  if (foldName(name) === '.panal') throw new PathError('reserved', [name], 'Panal keeps unfinished downloads there');
}

type ComponentFault = Exclude<
  PathFault,
  | 'too_long'
  | 'reserved'
  | 'too_deep'
  | 'duplicate'
  | 'case_collision'
  | 'file_and_directory'
  | 'link_outside'
  | 'link_through_link'
  | 'link_loop'
>;

const FAULT_TEXTS: Readonly<Record<ComponentFault, string>> = {
  empty: 'it has an empty name in it',
  dot: 'it has the name "." in it',
  dot_dot: 'it has the name ".." in it, which leaves the folder',
  absolute: 'it begins at the root of the disk',
  separator: 'a name has a slash or backslash in it, which separates folders on some systems',
  nul: 'a name has a zero byte in it',
  not_unicode: 'a name is not valid Unicode text',
  drive: 'a name begins with a drive letter',
  device: 'a name is that of a device on Windows',
  component_too_long: `a name is longer than ${PATH_COMPONENT_SIZE_MAX} bytes`,
};

function faultOfComponent(component: string): ComponentFault | undefined {
  if (PLAIN_COMPONENT.test(component)) {
    return DEVICE_START.test(component) && DEVICE_NAME.test(component) ? 'device' : undefined;
  }
  if (component === '') return 'empty';
  if (component === '.') return 'dot';
  if (component === '..') return 'dot_dot';
  if (component.includes('\0')) return 'nul';
  if (component.startsWith('/')) return 'absolute';
  if (component.includes('/') || component.includes('\\')) return 'separator';
  if (/^[a-z]:/i.test(component)) return 'drive';
  if (DEVICE_NAME.test(component)) return 'device';
  if (/\p{Surrogate}/u.test(component)) return 'not_unicode';
  if (Buffer.byteLength(component) > PATH_COMPONENT_SIZE_MAX) return 'component_too_long';
  return undefined;
}

/** The text that `bytes` are in UTF-8; undefined when they are not. A byte order mark stays. */
export function textOf(bytes: Buffer): string | undefined {
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}

/**
 * What a file system that ignores case and Unicode normalization makes of a name: two names of one directory with the
 * same result would overwrite each other there.
 */
export function foldName(name: string): string {
  // The second round of NFC is needed: changing case can undo it.
  return isAscii(name) ? name.toLowerCase() : name.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC');
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) if (text.charCodeAt(index) > 0x7f) return false;
  return true;
}

/**
 * Content order: by directories, names compared by their UTF-8 bytes, so `a/b` comes before `a.txt`.
 * This is the order of a v2 file tree, and of libtorrent's hybrids.
 */
export function comparePaths(a: readonly string[], b: readonly string[]): number {
  const depth = Math.min(a.length, b.length);
  for (let index = 0; index < depth; index += 1) {
    const order = compareUtf8(a[index] as string, b[index] as string);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** The order of the UTF-8 bytes of two strings, which differs from that of UTF-16 units above U+D7FF only. */
function compareUtf8(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const unitA = a.charCodeAt(index);
    const unitB = b.charCodeAt(index);
    if (unitA !== unitB) return surrogatesLast(unitA) - surrogatesLast(unitB);
  }
  return a.length - b.length;
}

function surrogatesLast(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
