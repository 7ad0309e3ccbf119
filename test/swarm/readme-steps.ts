import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** A block of commands behind the comment that names it, indented where it stands in a list. */
const STEP = /^ *<!-- step: (\w+) -->\n( *)```sh\n(.*?)\n *```$/gms;

/** The commands of swarm/README.md, by the names they have there. */
export class ReadmeSteps {
  readonly #taken = new Set<string>();

  private constructor(private readonly scripts: ReadonlyMap<string, string>) {}

  static async read(): Promise<ReadmeSteps> {
    const text = await readFile(fileURLToPath(new URL('../../swarm/README.md', import.meta.url)), 'utf8');
    const scripts = new Map<string, string>();
    for (const [, name = '', indent = '', lines = ''] of text.matchAll(STEP)) {
      scripts.set(name, lines.replaceAll(new RegExp(`^${indent}`, 'gm'), ''));
    }
    const blockCount = text.split('```sh\n').length - 1;
    if (scripts.size !== blockCount)
      throw new Error(`${blockCount - scripts.size} blocks of swarm/README.md have no name`);
    return new ReadmeSteps(scripts);
  }

  /** The commands of a step, with what stands in capitals replaced. */
  script(name: string, words: Readonly<Record<string, string>> = {}): string {
    const script = this.scripts.get(name);
    if (script === undefined) throw new Error(`swarm/README.md has no step "${name}"`);
    this.#taken.add(name);
    return Object.entries(words).reduce((text, [word, value]) => text.replaceAll(word, value), script);
  }

  /** Steps that nobody has taken. */
  get left(): readonly string[] {
    return [...this.scripts.keys()].filter((name) => !this.#taken.has(name));
  }
}
