import { fileURLToPath } from 'node:url';

/** A place in a stack: `at f (file:///a/b.js:1:2)`, `at /a/b.js:1:2`. */
const FRAME = /^\s*at (?:.*\()?((?:file:\/\/|\/|node:)[^()]*?):\d+(?::\d+)?\)?$/;

/**
 * Whose fault an error is that nobody caught: a plugin's when no other code than the plugin's, its packages' and Node's own
 * was at work. Only then nothing of the host was interrupted half done.
 * @param folders Real folders of plugins, by name; `below` is where their packages are.
 */
export function blame(error: unknown, folders: ReadonlyMap<string, string>, below: string): string | undefined {
  const stack = (error as { stack?: unknown } | null | undefined)?.stack;
  if (typeof stack !== 'string') return undefined;
  const files = stack.split('\n').flatMap((line) => {
    const [, place] = FRAME.exec(line) ?? [];
    return place === undefined || place.startsWith('node:')
      ? []
      : [place.startsWith('file:') ? fileURLToPath(place) : place];
  });
  const culprit = [...folders].find(([, folder]) => files.some((file) => file.startsWith(`${folder}/`)))?.[0];
  const isOthers = files.some(
    (file) => !file.startsWith(`${below}/`) && ![...folders.values()].some((folder) => file.startsWith(`${folder}/`)),
  );
  return isOthers ? undefined : culprit;
}
