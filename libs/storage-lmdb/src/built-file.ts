/** A file that another thread or process runs. Node 20 runs no TypeScript: from the sources, under Jest, the built one serves. */
export function builtFile(name: string, from: string): URL {
  const file = new URL(name, from);
  return from.endsWith('.ts') ? new URL(file.href.replace('/libs/', '/dist/libs/')) : file;
}
