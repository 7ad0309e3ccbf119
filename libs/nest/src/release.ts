import { existsSync, readFileSync } from 'node:fs';

/** The release of Panal that runs, from the package's own file: sources and built files lie at different depths below it. */
export const RELEASE: string = readRelease(new URL('.', import.meta.url));

function readRelease(folder: URL): string {
  const file = new URL('package.json', folder);
  if (existsSync(file)) return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version;
  return folder.pathname === '/' ? 'unknown' : readRelease(new URL('..', folder));
}
